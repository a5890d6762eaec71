import type {
  ConsumerState,
  GroupConsumerListener,
  GroupConsumerOptions,
} from '../../../lib/broker/consumer.js';
import type { Producer } from '../../../lib/broker/producer.js';
import { kafkajs, type KafkajsOptions } from '../../../lib/broker/kafkajs/index.js';
import { RecordingMember, RecordingReader } from '../../conformance/recording-consumer.js';
import { uniqueName, waitFor } from '../../support/kafka.js';
import { sendAll } from '../../support/send-all.js';

type MemberOptions = Partial<GroupConsumerOptions> & Pick<GroupConsumerListener, 'onLost' | 'onState'>;

const identity = { clientId: 'kafkajs-driver' };

/** What the tests of this folder make of one cluster; `await using` closes it all. */
export class Client implements AsyncDisposable {
  private readonly closers: (() => Promise<void>)[] = [];
  private readonly broker;

  constructor(bootstrap: string, options: Partial<KafkajsOptions> = {}) {
    this.broker = kafkajs({ brokers: bootstrap.split(','), ...options });
  }

  producer() {
    return this.closing(this.broker.createProducer(identity));
  }

  admin() {
    return this.closing(this.broker.createAdmin(identity));
  }

  reader(): RecordingReader {
    return this.closing(
      new RecordingReader((listener) => this.broker.createAssignedConsumer(identity, { listener })),
    );
  }

  member(
    groupId: string,
    topic: string,
    { onLost, onState, ...options }: MemberOptions = {},
  ): RecordingMember {
    const defaults = { groupId, topics: [topic], startFrom: () => 'earliest' as const, ...options } as const;
    return this.closing(
      new RecordingMember((recording) => {
        const listener: GroupConsumerListener = {
          ...recording,
          onLost: (partitions) => {
            recording.onLost?.(partitions);
            onLost?.(partitions);
          },
          onState: (state, error) => {
            recording.onState?.(state, error);
            onState?.(state, error);
          },
        };
        return this.broker.createGroupConsumer(identity, { ...defaults, listener });
      }),
    );
  }

  /** A new topic. */
  async topic(partitions: number, replicationFactor = 1): Promise<string> {
    const topic = uniqueName('topic');
    await this.admin().createTopics([{ topic, partitions, replicationFactor }]);
    return topic;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.closers.map((close) => close()));
  }

  private closing<T extends { close(): Promise<void> }>(component: T): T {
    this.closers.push(() => component.close());
    return component;
  }
}

/** Sends numbered records, one after the other, round the partitions, until it is stopped. */
export class Traffic {
  readonly acknowledged: string[] = [];
  private running = true;
  private readonly done: Promise<void>;

  constructor(
    private readonly producer: Pick<Producer, 'send'>,
    private readonly topic: string,
    private readonly partitions: number,
  ) {
    this.done = this.run();
  }

  /** Resolves once so many more were acknowledged. */
  async goesOn(count = 20): Promise<void> {
    const target = this.acknowledged.length + count;
    await waitFor(() => this.acknowledged.length >= target, {
      what: `${target} acknowledged records`,
      timeoutMs: 60_000,
    });
  }

  async stop(): Promise<void> {
    this.running = false;
    await this.done;
  }

  private async run(): Promise<void> {
    for (let n = 0; this.running; n++) {
      const value = `${n}`;
      const partition = n % this.partitions;
      await sendAll(this.producer, [
        { topic: this.topic, partition, key: null, value: Buffer.from(value), headers: [] },
      ]);
      this.acknowledged.push(value);
    }
  }
}

/** Resolves once the consumer is in this state. */
export async function reaches(consumer: { states: ConsumerState[] }, state: ConsumerState): Promise<void> {
  await waitFor(() => consumer.states.at(-1) === state, { what: `the state ${state}`, timeoutMs: 60_000 });
}

/** Resolves once every value was handed over; duplicates, of sends that were repeated, are allowed. */
export async function receivesAll(
  consumers: readonly { values(): string[] }[],
  values: readonly string[],
): Promise<void> {
  const missing = () => {
    const received = new Set(consumers.flatMap((consumer) => consumer.values()));
    return values.filter((value) => !received.has(value));
  };
  await waitFor(() => missing().length === 0, {
    what: `all of ${values.length} records`,
    timeoutMs: 60_000,
  }).catch((error: unknown) => {
    throw new Error(`missing: ${missing().slice(0, 20).join(', ')} …`, { cause: error });
  });
}
