import type { Admin, TopicDescription } from '../broker/admin.js';
import type { Broker, ClientIdentity } from '../broker/broker.js';
import type {
  AssignedConsumer,
  AssignedConsumerOptions,
  GroupConsumer,
  GroupConsumerOptions,
} from '../broker/consumer.js';
import type { Producer } from '../broker/producer.js';
import type { SenderView } from './sent-message.js';
import type { SimulatedProcess } from './simulated-process.js';
import { TestingAssignedConsumer, TestingGroupConsumer } from './testing-consumers.js';
import { TestingProducer } from './testing-producer.js';
import type { TestWorld } from './test-world.js';

/** The broker as one service of one simulated process sees it: with the faults of the test, and watched. */
export class TestingBroker implements Broker {
  readonly name: string;
  readonly capabilities: Broker['capabilities'];
  private readonly base: Broker;

  constructor(
    private readonly world: TestWorld,
    private readonly process: SimulatedProcess,
    private readonly sender: SenderView,
  ) {
    this.base = world.broker;
    this.name = `${this.base.name} (testing)`;
    this.capabilities = this.base.capabilities;
  }

  createProducer(identity: ClientIdentity): Producer {
    return new TestingProducer(this.base.createProducer(identity), this.world, this.process, this.sender);
  }

  createGroupConsumer(identity: ClientIdentity, options: GroupConsumerOptions): GroupConsumer {
    return new TestingGroupConsumer(
      this.base,
      identity,
      options,
      this.world,
      this.process,
      this.sender.service,
    );
  }

  createAssignedConsumer(identity: ClientIdentity, options: AssignedConsumerOptions): AssignedConsumer {
    return new TestingAssignedConsumer(this.base, identity, options, this.world, this.process);
  }

  /** Looks for topics only when those of the test are there. */
  createAdmin(identity: ClientIdentity): Admin {
    const admin = this.base.createAdmin(identity);
    const { world } = this;
    return {
      ping: () => admin.ping(),
      describeTopics: async (topics) => {
        await world.prepared();
        const described = await admin.describeTopics(topics);
        if (topics && described.length < topics.length) this.noteAbsent(topics, described);
        return described;
      },
      createTopics: (specs) => admin.createTopics(specs),
      deleteTopics: (topics) => admin.deleteTopics(topics),
      listOffsets: (partitions, position) => admin.listOffsets(partitions, position),
      fetchCommitted: (groupId, topics) => admin.fetchCommitted(groupId, topics),
      describeGroup: (groupId) => admin.describeGroup(groupId),
      checkWritable: (topics) => admin.checkWritable(topics),
      close: () => admin.close(),
    };
  }
  /** A service looks for its own topics, too, before it creates them. */
  private noteAbsent(topics: readonly string[], described: readonly TopicDescription[]): void {
    const { prefix, service } = this.sender;
    const missing = topics.filter((topic) => !described.some((each) => each.topic === topic));
    for (const topic of missing) {
      const called = serviceOf(topic.slice(prefix.length));
      if (called !== undefined && called !== service) this.world.absent.note(called, service);
    }
  }
}

/** The service whose topic of requests has this name. */
function serviceOf(topic: string): string | undefined {
  const suffix = '.requests';
  return topic.endsWith(suffix) ? topic.slice(0, -suffix.length) : undefined;
}
