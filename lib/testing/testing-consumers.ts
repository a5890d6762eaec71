import type { Broker, ClientIdentity } from '../broker/broker.js';
import type { BrokerError } from '../broker/broker-error.js';
import type {
  AssignedConsumer,
  AssignedConsumerOptions,
  ConsumerActivity,
  ConsumerListener,
  ConsumerState,
  GroupConsumer,
  GroupConsumerActivity,
  GroupConsumerOptions,
  OffsetCommit,
  PartitionStart,
} from '../broker/consumer.js';
import type { TopicPartition, TopicPartitionOffset } from '../broker/record.js';
import { never, type SimulatedProcess } from './simulated-process.js';
import { brokerStopped, type TestWorld } from './test-world.js';

/** What a consumer tells its owner, as long as the owner's process lives, with the stops of the broker. */
function watched(listener: ConsumerListener, world: TestWorld, process: SimulatedProcess): ConsumerListener {
  let current: ConsumerState = 'starting';
  const tell = (state: ConsumerState, error?: BrokerError) => {
    if (!process.hasEnded) listener.onState?.(state, error);
  };
  const forget = world.faults.onBroker((isStopped) => {
    if (isStopped) tell('unavailable', brokerStopped('consuming'));
    else tell(current);
  });
  return {
    onBatch: (batch) => {
      if (!process.hasEnded) listener.onBatch(batch);
    },
    onState: (state, error) => {
      current = state;
      if (state === 'closed' || state === 'failed') forget();
      tell(state, error);
    },
  };
}

/** A member of a consumer group, whose progress the test watches. */
export class TestingGroupConsumer implements GroupConsumer {
  private readonly base: GroupConsumer;
  private readonly group: string;
  private readonly topics: Set<string>;

  constructor(
    broker: Broker,
    identity: ClientIdentity,
    options: GroupConsumerOptions,
    private readonly world: TestWorld,
    private readonly process: SimulatedProcess,
    private readonly service: string,
  ) {
    this.group = options.groupId;
    this.topics = new Set(options.topics);
    const { listener } = options;
    this.base = broker.createGroupConsumer(identity, {
      ...options,
      listener: {
        ...watched(listener, world, process),
        onAssigned: (partitions) => process.whileAlive(() => listener.onAssigned?.(partitions)),
        onRevoked: (partitions) => process.whileAlive(() => listener.onRevoked?.(partitions)),
        onLost: (partitions) => {
          if (!process.hasEnded) listener.onLost?.(partitions);
        },
      },
    });
    process.onEnd(() => void this.close());
  }

  async start(): Promise<void> {
    const { service, group, topics } = this;
    this.world.join({ service, group, topics });
    await this.base.start();
  }

  activity(): GroupConsumerActivity {
    return this.base.activity();
  }

  assignment(): TopicPartition[] {
    return this.base.assignment();
  }

  subscribe(topics: readonly string[]): void {
    this.topics.clear();
    for (const topic of topics) this.topics.add(topic);
    this.base.subscribe(topics);
  }

  async commit(offsets: readonly OffsetCommit[]): Promise<void> {
    if (this.process.hasEnded) return never();
    if (this.world.faults.brokerIsStopped) throw brokerStopped('committing');
    await this.base.commit(offsets);
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.base.pause(partitions);
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.base.resume(partitions);
  }

  seek(position: TopicPartitionOffset): void {
    this.base.seek(position);
  }

  close(): Promise<void> {
    return this.base.close();
  }
}

/** A consumer without a group, of a process that may be killed. */
export class TestingAssignedConsumer implements AssignedConsumer {
  private readonly base: AssignedConsumer;

  constructor(
    broker: Broker,
    identity: ClientIdentity,
    options: AssignedConsumerOptions,
    world: TestWorld,
    process: SimulatedProcess,
  ) {
    const listener = watched(options.listener, world, process);
    this.base = broker.createAssignedConsumer(identity, { ...options, listener });
    process.onEnd(() => void this.base.close());
  }

  assign(partitions: readonly PartitionStart[]): Promise<TopicPartitionOffset[]> {
    return this.base.assign(partitions);
  }

  activity(): ConsumerActivity {
    return this.base.activity();
  }

  position(partition: TopicPartition): bigint | undefined {
    return this.base.position(partition);
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.base.pause(partitions);
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.base.resume(partitions);
  }

  close(): Promise<void> {
    return this.base.close();
  }
}
