import type { Admin, Broker, ConsumerRecord } from 'nestjs-async-calls';
import { waitFor } from '../../support/wait-for.js';
import type { Recorder } from './history/recorder.js';
import { isOfSeries } from './history/series.js';
import type { Task } from './apps/endpoint.js';

const CORRELATION_ID = 'kafka_correlationId';

/** Writes down the records of a series that the request topic holds now. */
export async function recordStored(
  broker: Broker,
  admin: Admin,
  topic: string,
  series: string,
  recorder: Recorder,
): Promise<void> {
  const ends = await endsOf(admin, topic);
  const next = new Map(ends.map(({ partition }) => [partition, 0n]));
  const take = (record: ConsumerRecord) => {
    next.set(record.partition, record.offset + 1n);
    const stored = describe(record);
    if (isOfSeries(stored.call, series)) recorder.record({ kind: 'stored', ...stored });
  };
  const reader = broker.createAssignedConsumer(
    { clientId: 'history' },
    { listener: { onBatch: ({ records }) => records.forEach(take) } },
  );
  try {
    await reader.assign(ends.map(({ partition }) => ({ topic, partition, start: 'earliest' })));
    await waitFor(() => ends.every(({ partition, offset }) => (next.get(partition) ?? 0n) >= offset), {
      what: `all records of ${topic}`,
      timeoutMs: 30_000,
    });
  } finally {
    await reader.close();
  }
}

/** Waits until the group has committed everything that the topic holds; what it has not within 30 s, in words. */
export async function uncommitted(admin: Admin, groupId: string, topic: string): Promise<string[]> {
  let behind: string[] = [];
  const isDone = async () => {
    const committed = await admin.fetchCommitted(groupId, [topic]);
    const upTo = new Map(committed.map(({ partition, offset }) => [partition, offset ?? 0n]));
    behind = (await endsOf(admin, topic))
      .filter(({ partition, offset }) => upTo.get(partition) !== offset)
      .map(({ partition, offset }) => `partition ${partition} up to ${upTo.get(partition)} of ${offset}`);
    return behind.length === 0;
  };
  await waitFor(isDone, { what: 'all to be committed', timeoutMs: 30_000 }).catch(() => undefined);
  return behind;
}

async function endsOf(admin: Admin, topic: string) {
  const [description] = await admin.describeTopics([topic]);
  const places = (description?.partitions ?? []).map(({ partition }) => ({ topic, partition }));
  return admin.listOffsets(places, 'latest');
}

function describe({ partition, offset, headers, value }: ConsumerRecord) {
  const requestId = headers.find(([name]) => name === CORRELATION_ID)?.[1].toString() ?? '';
  // A cancel has no payload.
  const { call = '' } = JSON.parse(value?.toString() ?? '{}') as Partial<Task>;
  return { partition, offset: Number(offset), requestId, call };
}
