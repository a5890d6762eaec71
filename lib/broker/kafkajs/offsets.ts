import type { StartPosition } from '../consumer.js';
import type { TopicPartition, TopicPartitionOffset } from '../record.js';
import type { Cluster } from './cluster.js';
import { readOn, refused } from './errors.js';
import { groupBy } from './group-by.js';
import { byTopic, placeOf } from './partitions.js';

/** Where to look, by what stands for it: an offset is known already. */
export type LookedUpPosition = Exclude<StartPosition, bigint>;

const LATEST = '-1';
const EARLIEST = '-2';
const READ_COMMITTED = 1;
const NOTHING_SO_LATE = -1n;

/**
 * Asks the leaders, once, for the offsets that a position stands for. `latest` is where records of
 * transactions under way begin, if there are any: those are not readable yet.
 */
export async function listOffsets(
  cluster: Cluster,
  partitions: readonly TopicPartition[],
  position: LookedUpPosition,
): Promise<TopicPartitionOffset[]> {
  if (partitions.length === 0) return [];
  await cluster.refresh([...new Set(partitions.map(({ topic }) => topic))]);
  const byLeader = groupBy(partitions, (partition) => {
    const leader = cluster.leaderOf(partition);
    if (leader === undefined) throw cluster.whyNoLeader(partition);
    return leader;
  });
  const answers = await Promise.all(
    [...byLeader].map(([leader, ofLeader]) => askLeader(cluster, leader, ofLeader, timestampOf(position))),
  );
  const found = answers.flat();
  const late = found.filter(({ offset }) => offset === NOTHING_SO_LATE);
  return [
    ...found.filter(({ offset }) => offset !== NOTHING_SO_LATE),
    ...(await listOffsets(cluster, late, 'latest')),
  ];
}

/**
 * Where to go on when the broker says that it has no such offset; `undefined` for an offset that was
 * chosen and is still to come. Where the log was cut off or made anew, the earliest record comes next:
 * some may be read twice, but none is left out.
 */
export async function nextExisting(
  cluster: Cluster,
  reading: TopicPartition & { readonly position: bigint; readonly chosen: boolean },
): Promise<bigint | undefined> {
  const { position, chosen } = reading;
  const [earliest] = await listOffsets(cluster, [placeOf(reading)], 'earliest');
  const [latest] = await listOffsets(cluster, [placeOf(reading)], 'latest');
  if (earliest === undefined || latest === undefined) return position;
  if (position > latest.offset && chosen) return undefined;
  return position < earliest.offset || position > latest.offset ? earliest.offset : position;
}

async function askLeader(
  cluster: Cluster,
  leader: number,
  partitions: readonly TopicPartition[],
  timestamp: string,
): Promise<TopicPartitionOffset[]> {
  const topics = byTopic(partitions, ({ partition }) => ({ partition, timestamp }));
  const { responses } = await cluster
    .node(leader)
    .request('ListOffsets', { isolationLevel: READ_COMMITTED, topics });
  return responses.flatMap(({ topic, partitions: answers }) =>
    answers.map(({ partition, errorCode, offset }) => {
      if (errorCode !== 0)
        throw refused(errorCode, `listing the offsets of ${topic}:${partition}`, readOn(topic));
      return { topic, partition, offset: BigInt(offset) };
    }),
  );
}

function timestampOf(position: LookedUpPosition): string {
  if (position === 'latest') return LATEST;
  return position === 'earliest' ? EARLIEST : `${position.timestampMs}`;
}
