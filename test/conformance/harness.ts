import { expect } from '@jest/globals';
import type { Admin } from '../../lib/broker/admin.js';
import { BrokerError } from '../../lib/broker/broker-error.js';
import type { Broker } from '../../lib/broker/broker.js';
import type { FetchOptions, GroupConsumerOptions } from '../../lib/broker/consumer.js';
import type { Producer } from '../../lib/broker/producer.js';
import type { ProducerRecord, TopicPartition, TopicPartitionOffset } from '../../lib/broker/record.js';
import type { ErrorCode } from '../../lib/errors/error-code.js';
import { type Reactions, RecordingMember, RecordingReader } from './recording-consumer.js';
import { uniqueName, waitFor } from '../support/kafka.js';
import { sendAll } from '../support/send-all.js';
import { within } from './within.js';

/** A broker, and what the suite needs that the port cannot do. */
export interface BrokerUnderTest {
  readonly broker: Broker;
  /** Deletes the records of the partition before the offset, as its retention would. */
  deleteRecordsBefore(place: TopicPartitionOffset): Promise<void>;
}

/** Makes the broker of one test; called before each. */
export type BrokerFactory = () => BrokerUnderTest;

type MemberOptions = Partial<GroupConsumerOptions> & Reactions<RecordingMember>;
type ReaderOptions = FetchOptions & Reactions<RecordingReader>;

const identity = { clientId: 'conformance' };

/** Makes what a test needs, closes it afterwards, and fails the test if a listener's rules were broken. */
export class Harness {
  private underTest!: BrokerUnderTest;
  private closers: (() => Promise<void>)[] = [];
  private recordings: (RecordingMember | RecordingReader)[] = [];
  private sharedProducer: Producer | undefined;
  private sharedAdmin: Admin | undefined;

  constructor(private readonly factory: BrokerFactory) {}

  /** For beforeEach. */
  open(): void {
    this.underTest = this.factory();
  }

  /** For afterEach. */
  async close(): Promise<void> {
    const { closers, recordings } = this;
    this.closers = [];
    this.recordings = [];
    this.sharedProducer = this.sharedAdmin = undefined;
    await within(20_000, Promise.all(closers.map((close) => close())), () => 'closing after the test');
    expect(recordings.flatMap(({ violations }) => violations)).toEqual([]);
  }

  get broker(): Broker {
    return this.underTest.broker;
  }

  get admin(): Admin {
    return (this.sharedAdmin ??= this.newAdmin());
  }

  newAdmin(): Admin {
    return this.closing(this.broker.createAdmin(identity));
  }

  get producer(): Producer {
    return (this.sharedProducer ??= this.newProducer());
  }

  newProducer(): Producer {
    return this.closing(this.broker.createProducer(identity));
  }

  /** A new topic. */
  async topic(partitions = 1): Promise<string> {
    const topic = this.unusedTopic();
    await this.createTopic(topic, partitions);
    return topic;
  }

  /** The name of a topic that does not exist. */
  unusedTopic(): string {
    return uniqueName('topic');
  }

  createTopic(topic: string, partitions = 1): Promise<void> {
    return this.admin.createTopics([{ topic, partitions, replicationFactor: 1 }]);
  }

  /** Sends texts to one partition; rejects if any of them was not stored. */
  send({ topic, partition }: TopicPartition, ...values: string[]): Promise<TopicPartitionOffset[]> {
    const records = values.map((value) => record(topic, partition, { value: Buffer.from(value) }));
    return sendAll(this.producer, records);
  }

  /** Sends texts with timestamps to one partition. */
  sendAt(
    { topic, partition }: TopicPartition,
    ...records: readonly (readonly [timestamp: number, value: string])[]
  ): Promise<TopicPartitionOffset[]> {
    return sendAll(
      this.producer,
      records.map(([timestamp, value]) => record(topic, partition, { value: Buffer.from(value), timestamp })),
    );
  }

  deleteRecordsBefore(place: TopicPartitionOffset): Promise<void> {
    return this.underTest.deleteRecordsBefore(place);
  }

  /** A consumer without a group, not assigned yet. */
  reader({ onBatch, ...options }: ReaderOptions = {}): RecordingReader {
    const reader = new RecordingReader(
      (listener) => this.broker.createAssignedConsumer(identity, { ...options, listener }),
      { onBatch },
    );
    this.recordings.push(reader);
    return this.closing(reader);
  }

  /** A new consumer group on these topics. */
  group(...topics: string[]): Group {
    return new Group(this, topics);
  }

  /** A member, not started yet. */
  member(
    groupId: string,
    topics: string[],
    { onBatch, onAssigned, onRevoked, ...rest }: MemberOptions,
  ): RecordingMember {
    const options = { groupId, topics, startFrom: () => 'earliest' as const, ...rest } as const;
    const member = new RecordingMember(
      (listener) => this.broker.createGroupConsumer(identity, { ...options, listener }),
      { onBatch, onAssigned, onRevoked },
    );
    this.recordings.push(member);
    return this.closing(member);
  }

  /** A running consumer of either kind that reads the whole topic. */
  async consumer(kind: 'assigned' | 'group', topic: string, options: ReaderOptions = {}) {
    if (kind === 'group') return this.group(topic).join(options as MemberOptions);
    const [description] = await this.admin.describeTopics([topic]);
    const reader = this.reader(options);
    await reader.assign(
      ...description.partitions.map(({ partition }) => ({ topic, partition, start: 'earliest' as const })),
    );
    return reader;
  }

  private closing<T extends { close(): Promise<void> }>(component: T): T {
    this.closers.push(() => component.close());
    return component;
  }
}

/** A consumer group of a test. */
export class Group {
  readonly id = uniqueName('group');

  constructor(
    private readonly harness: Harness,
    private readonly topics: string[],
  ) {}

  /** A member, not started yet. */
  member(options: MemberOptions = {}): RecordingMember {
    return this.harness.member(this.id, this.topics, options);
  }

  /** A started member; others may still be handing partitions over to it. */
  async join(options: MemberOptions = {}): Promise<RecordingMember> {
    const member = this.member(options);
    await within(20_000, member.consumer.start(), () => 'joining the group');
    return member;
  }

  /** Resolves once the members own all partitions, evenly. */
  async balanced(...members: RecordingMember[]): Promise<void> {
    const topics = await this.harness.admin.describeTopics(this.topics);
    const all = topics.flatMap(({ partitions }) => partitions).length;
    const share = (member: RecordingMember) => member.consumer.assignment().length;
    const even = () =>
      members.reduce((sum, member) => sum + share(member), 0) === all &&
      members.every((member) => share(member) >= Math.floor(all / members.length)) &&
      members.every((member) => share(member) <= Math.ceil(all / members.length));
    const sizes = () => members.map(share).join(' + ');
    await waitFor(even, { what: `${all} partitions spread evenly`, timeoutMs: 20_000 }).catch(
      (error: Error) => {
        throw new Error(`${error.message}, got ${sizes()}`, { cause: error });
      },
    );
  }

  /** The committed offsets of the partitions, in order. */
  async committed(topic: string): Promise<(bigint | null)[]> {
    return (await this.fetchCommitted(topic)).map(({ offset }) => offset);
  }

  /** What is committed for the partitions, in order. */
  async fetchCommitted(topic: string) {
    const committed = await this.harness.admin.fetchCommitted(this.id, [topic]);
    return committed.sort((a, b) => a.partition - b.partition);
  }
}

/** A record with nothing in it but what is given. */
export function record(topic: string, partition = 0, parts: Partial<ProducerRecord> = {}): ProducerRecord {
  return { topic, partition, key: null, value: null, headers: [], ...parts };
}

/** `count` texts: `<prefix>0`, `<prefix>1`, … */
export function texts(count: number, prefix = ''): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`);
}

/** Expects the promise to reject with a broker error of this code, soon. */
export async function rejectsWith(code: ErrorCode, promise: Promise<unknown>): Promise<BrokerError> {
  const outcome = promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  const error = await within(10_000, outcome, () => `a rejection with ${code}`);
  expect(error).toBeInstanceOf(BrokerError);
  expect(error).toMatchObject({ code });
  return error as BrokerError;
}

/** A promise that a test resolves. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}
