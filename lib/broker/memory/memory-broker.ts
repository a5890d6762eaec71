import type { Admin } from '../admin.js';
import type { Broker, ClientIdentity } from '../broker.js';
import type {
  AssignedConsumer,
  AssignedConsumerOptions,
  GroupConsumer,
  GroupConsumerOptions,
} from '../consumer.js';
import type { Producer } from '../producer.js';
import { MemoryAdmin } from './admin.js';
import { MemoryAssignedConsumer } from './assigned-consumer.js';
import { MemoryGroupConsumer } from './group-consumer.js';
import type { MemoryCluster } from './memory-cluster.js';
import { MemoryProducer } from './producer.js';

/** The port over a {@link MemoryCluster}. */
export class MemoryBroker implements Broker {
  readonly name = 'memory';
  readonly capabilities = { durable: false, remote: false } as const;

  constructor(private readonly cluster: MemoryCluster) {}

  createProducer(_: ClientIdentity): Producer {
    return new MemoryProducer(this.cluster);
  }

  createGroupConsumer({ clientId }: ClientIdentity, options: GroupConsumerOptions): GroupConsumer {
    return new MemoryGroupConsumer(this.cluster, clientId, options);
  }

  createAssignedConsumer(_: ClientIdentity, options: AssignedConsumerOptions): AssignedConsumer {
    return new MemoryAssignedConsumer(this.cluster, options);
  }

  createAdmin(_: ClientIdentity): Admin {
    return new MemoryAdmin(this.cluster);
  }
}
