import type { Admin } from '../broker/admin.js';
import { BrokerError } from '../broker/broker-error.js';
import type { TopicPartitionOffset } from '../broker/record.js';
import { type RetryOptions, retryUntilReachable } from '../broker/retry.js';
import { AsyncCallError } from '../errors/async-call-error.js';
import { eventTopicFault, eventTypeFault, typeOf } from '../protocol/event.js';
import { checkOptions, type OptionFaults } from './call-options.js';
import type { ClientOptions } from './client-options.js';
import { ReplayedEvent } from './replayed-event.js';
import { dateFault, signalFault } from './replay-faults.js';
import { type Range, RangeReader } from './range-reader.js';

/** Which events are replayed. */
export interface ReplayOptions {
  /** From the first event that was published at this time or later. Default: from the earliest that is still there. */
  readonly from?: Date;
  /** Up to the events that were published before this time. Default: all that are there when the replay begins. */
  readonly until?: Date;
  /** Of this type only. Default: of all types. */
  readonly type?: string;
  /** Ends the replay with the signal's reason, also while it waits for the broker. */
  readonly signal?: AbortSignal;
}

const FAULT_OF: OptionFaults<ReplayOptions> = {
  from: dateFault,
  until: dateFault,
  type: eventTypeFault,
  signal: signalFault,
};

/** See {@link AsyncCallsClient.replay}. */
export async function* replay<T>(
  clientOptions: ClientOptions,
  name: string,
  options: ReplayOptions,
): AsyncGenerator<ReplayedEvent<T>, void, undefined> {
  const fault = eventTopicFault(name);
  if (fault) throw new AsyncCallError('invalid-argument', `${fault}.`);
  checkOptions(options, FAULT_OF, 'replay');
  const { broker, environment, source, serializer, topicNames } = clientOptions;
  const signal = options.signal ?? new AbortController().signal;
  signal.throwIfAborted();
  const admin = broker.createAdmin({ clientId: source });
  const reading = new RangeReader(environment);
  const consumer = broker.createAssignedConsumer({ clientId: source }, { listener: reading });
  const stop = () => reading.fail(signal.reason);
  signal.addEventListener('abort', stop);
  try {
    const ranges = rangesOf(admin, topicNames.events(name), options, { environment, signal });
    await reading.begin(consumer, await reading.unlessFailed(ranges));
    for (let record = await reading.next(); record; record = await reading.next()) {
      if (options.type === undefined || typeOf(record) === options.type) {
        yield new ReplayedEvent<T>(record, serializer);
      }
    }
  } finally {
    signal.removeEventListener('abort', stop);
    reading.end();
    // They do no more work, however their close ends.
    await Promise.allSettled([consumer.close(), admin.close()]);
  }
}

async function rangesOf(
  admin: Admin,
  topic: string,
  { from, until }: ReplayOptions,
  retry: RetryOptions,
): Promise<Range[]> {
  const persist = <R>(operation: () => Promise<R>) => retryUntilReachable(operation, retry);
  const [description] = await persist(() => admin.describeTopics([topic]));
  if (!description)
    throw new BrokerError('unknown-topic', `There is no topic "${topic}": nothing was published to it.`);
  const partitions = description.partitions.map(({ partition }) => ({ topic, partition }));
  const offsetsAt = (time: Date | undefined, otherwise: 'earliest' | 'latest') =>
    persist(() => admin.listOffsets(partitions, time ? { timestampMs: time.getTime() } : otherwise));
  const ends = byPartition(await offsetsAt(until, 'latest'));
  const starts = byPartition(await offsetsAt(from, 'earliest'));
  return partitions.map((place) => ({
    ...place,
    start: starts.get(place.partition) ?? 0n,
    end: ends.get(place.partition) ?? 0n,
  }));
}

function byPartition(offsets: readonly TopicPartitionOffset[]): Map<number, bigint> {
  return new Map(offsets.map(({ partition, offset }) => [partition, offset]));
}
