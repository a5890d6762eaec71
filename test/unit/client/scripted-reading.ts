import { BrokerError } from '../../../lib/broker/broker-error.js';
import type { Admin } from '../../../lib/broker/admin.js';
import type {
  AssignedConsumer,
  AssignedConsumerOptions,
  PartitionStart,
} from '../../../lib/broker/consumer.js';
import type { Broker } from '../../../lib/broker/broker.js';
import type { ConsumerRecord, TopicPartition, TopicPartitionOffset } from '../../../lib/broker/record.js';
import type { ClientOptions } from '../../../lib/client/client-options.js';
import { systemEnvironment } from '../../../lib/environment/system-environment.js';
import { jsonSerializer } from '../../../lib/protocol/json-serializer.js';
import { topicNames } from '../../../lib/protocol/topic-names.js';
import { topicOf } from '../support/stub-admin.js';
import { deferred } from '../support/deferred.js';

export const TOPIC = 'pizza';

/** The event of a number, as it stands in a partition at that offset. */
export function eventAt(offset: number, { partition = 0, bytes = 0 } = {}): ConsumerRecord {
  const place = { topic: TOPIC, partition, offset: BigInt(offset), timestamp: 0, key: null, headers: [] };
  // White space behind it does not change a number in JSON.
  return { ...place, value: Buffer.from(`${offset}${' '.repeat(bytes)}`) };
}

/** A topic with offsets 0 to `ends[partition]`, and a consumer of it that does what the test says. */
export class ScriptedReading {
  /** What was paused and resumed, in order: `pause 0`. */
  readonly flow: string[] = [];
  readonly positions = new Map<number, bigint>();
  readonly closed: string[] = [];
  /** Why closing the consumer fails. */
  closeFault: Error | undefined;
  /** As if the broker could not be reached, until the test says otherwise. */
  isAway = false;
  /** Holds back what assigning the consumer resolves with; by default it does at once. */
  assigning = Promise.resolve();
  private readonly assigned = deferred<readonly PartitionStart[]>();
  private listener!: AssignedConsumerOptions['listener'];

  constructor(private readonly ends: readonly number[]) {}

  /** What the consumer was told to read, once it was. */
  get ranges(): Promise<readonly PartitionStart[]> {
    return this.assigned.promise;
  }

  get options(): ClientOptions {
    const broker: Partial<Broker> = {
      createAdmin: () => this.admin() as Admin,
      createAssignedConsumer: (_, { listener }) => {
        this.listener = listener;
        return this.consumer();
      },
    };
    const options: Partial<ClientOptions> = {
      broker: broker as Broker,
      environment: systemEnvironment,
      source: 'test/i1',
      serializer: jsonSerializer,
      topicNames: topicNames(),
    };
    return options as ClientOptions;
  }

  /** Hands over consecutive records of one partition. */
  bring(...records: ConsumerRecord[]): void {
    const [{ topic, partition }] = records;
    this.listener.onBatch({ topic, partition, records, highWatermark: 0n });
  }

  fail(error?: BrokerError): void {
    this.listener.onState?.('failed', error);
  }

  private admin(): Partial<Admin> {
    const ifThere = async <T>(result: T): Promise<T> => {
      if (this.isAway) throw new BrokerError('unavailable', 'nobody answers', { retriable: true });
      return result;
    };
    const offsetOf = (place: TopicPartition, isEnd: boolean): TopicPartitionOffset => ({
      ...place,
      offset: BigInt(isEnd ? this.ends[place.partition] : 0),
    });
    return {
      describeTopics: () => ifThere([topicOf(TOPIC, this.ends.length)]),
      listOffsets: (places, at) => ifThere(places.map((place) => offsetOf(place, at === 'latest'))),
      close: async () => void this.closed.push('admin'),
    };
  }

  private consumer(): AssignedConsumer {
    const note = (what: string, places: readonly TopicPartition[]) =>
      this.flow.push(...places.map(({ partition }) => `${what} ${partition}`));
    return {
      assign: async (ranges) => {
        this.assigned.resolve(ranges);
        await this.assigning;
        return [];
      },
      activity: () => ({ lastPolledAt: undefined, lastContactAt: undefined }),
      pause: (places) => void note('pause', places),
      resume: (places) => void note('resume', places),
      position: ({ partition }) => this.positions.get(partition),
      close: async () => {
        this.closed.push('consumer');
        if (this.closeFault) throw this.closeFault;
      },
    };
  }
}
