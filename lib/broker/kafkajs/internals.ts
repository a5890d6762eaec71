import type { Socket } from 'node:net';
import kafkajs, { type KafkaConfig } from 'kafkajs';

/**
 * What the driver uses of kafkajs's inside. kafkajs is its connection and protocol layer (TLS, SASL,
 * request queue, encoders of the small requests); its consumer, producer and admin are not used.
 */

/** A request and how its answer is read, as kafkajs's connections take it. */
export interface Protocol<T> {
  readonly request: {
    readonly apiKey: number;
    readonly apiVersion: number;
    readonly apiName: string;
    encode(): Promise<{ readonly buf: Buffer; readonly buffer: Buffer }>;
  };
  readonly response: {
    decode(bytes: Buffer): Promise<ProtocolAnswer>;
    parse(answer: never): Promise<T>;
  };
  readonly requestTimeout?: number;
}

interface ProtocolAnswer {
  readonly clientSideThrottleTime?: number | null;
}

/** A request in each version that kafkajs knows. */
export interface ProtocolDefinition {
  readonly versions: readonly string[];
  protocol(options: { version: number }): (args: never) => Protocol<unknown>;
}

/** The requests that kafkajs knows, by its name for them. */
export type Protocols = Readonly<Record<keyof Apis, ProtocolDefinition>>;

interface TopicOf<P> {
  readonly topic: string;
  readonly partitions: readonly P[];
}

interface PartitionError {
  readonly partition: number;
  readonly errorCode: number;
}

/** The metadata of a topic in a Metadata answer. */
export interface TopicAnswer {
  readonly topicErrorCode: number;
  readonly topic: string;
  readonly partitionMetadata: readonly {
    readonly partitionErrorCode: number;
    readonly partitionId: number;
    readonly leader: number;
    readonly replicas: readonly number[];
    readonly isr: readonly number[];
  }[];
}

/** Where a broker listens. */
export interface BrokerAddress {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
}

/** The requests used, with what goes in and what comes back; names as kafkajs has them. */
export interface Apis {
  Metadata: {
    args: { topics: readonly string[]; allowAutoTopicCreation: false };
    answer: {
      brokers: readonly BrokerAddress[];
      controllerId: number;
      topicMetadata: readonly TopicAnswer[];
    };
  };
  ListOffsets: {
    args: {
      isolationLevel: number;
      topics: readonly TopicOf<{ partition: number; timestamp: string }>[];
    };
    answer: { responses: readonly TopicOf<PartitionError & { offset: string }>[] };
  };
  GroupCoordinator: {
    args: { groupId: string };
    answer: { errorCode: number; coordinator: BrokerAddress };
  };
  JoinGroup: {
    args: {
      groupId: string;
      sessionTimeout: number;
      rebalanceTimeout: number;
      memberId: string;
      protocolType: 'consumer';
      groupProtocols: readonly { name: string; metadata: Buffer }[];
    };
    answer: {
      errorCode: number;
      generationId: number;
      leaderId: string;
      memberId: string;
      members: readonly { memberId: string; memberMetadata: Buffer }[];
    };
  };
  SyncGroup: {
    args: {
      groupId: string;
      generationId: number;
      memberId: string;
      groupAssignment: readonly { memberId: string; memberAssignment: Buffer }[];
    };
    answer: { errorCode: number; memberAssignment: Buffer };
  };
  Heartbeat: {
    args: { groupId: string; groupGenerationId: number; memberId: string };
    answer: { errorCode: number };
  };
  LeaveGroup: { args: { groupId: string; memberId: string }; answer: { errorCode: number } };
  OffsetCommit: {
    args: {
      groupId: string;
      groupGenerationId: number;
      memberId: string;
      topics: readonly TopicOf<{ partition: number; offset: string; metadata: string }>[];
    };
    answer: { responses: readonly TopicOf<PartitionError>[] };
  };
  OffsetFetch: {
    args: { groupId: string; topics: readonly TopicOf<{ partition: number }>[] };
    answer: {
      errorCode: number;
      responses: readonly TopicOf<PartitionError & { offset: string; metadata: string | null }>[];
    };
  };
  DescribeGroups: {
    args: { groupIds: readonly string[] };
    answer: {
      groups: readonly {
        errorCode: number;
        state: string;
        members: readonly { memberId: string; clientId: string; memberAssignment: Buffer }[];
      }[];
    };
  };
  CreateTopics: {
    args: {
      topics: readonly {
        topic: string;
        numPartitions: number;
        replicationFactor: number;
        configEntries: readonly { name: string; value: string }[];
      }[];
      validateOnly: false;
      timeout: number;
    };
    answer: { topicErrors: readonly { topic: string; errorCode: number; errorMessage?: string | null }[] };
  };
  DeleteTopics: {
    args: { topics: readonly string[]; timeout: number };
    answer: { topicErrors: readonly { topic: string; errorCode: number }[] };
  };
}

/** One socket. */
export interface KafkajsConnection {
  readonly socket?: Socket;
  /** What has come of the next answer. */
  chunks: readonly Buffer[];
  bytesBuffered: number;
  /** How much is to come until there is something to read: the answer, or its length if that is not known yet. */
  bytesNeeded: number;
  isConnected(): boolean;
  isAuthenticated(): boolean;
  connect(): Promise<boolean>;
  disconnect(): Promise<boolean>;
  rejectRequests(error: Error): void;
  /** How long before the end of a session it authenticates again, in milliseconds. */
  readonly reauthenticationThreshold: number;
  /** How long the broker lets an authentication be valid, in milliseconds; 0 for ever. A number of kafkajs's own. */
  readonly sessionLifetime: { toString(): string };
  readonly requestQueue: { readonly pending: readonly unknown[]; scheduleCheckPendingRequests(): void };
}

/** Two sockets to one broker: the second is for fetches, which may wait at the broker. */
export interface KafkajsConnectionPool {
  readonly host: string;
  readonly port: number;
  readonly sasl?: unknown;
  readonly pool: readonly KafkajsConnection[];
  send<T>(protocol: Protocol<T>): Promise<T>;
}

/** A broker; `lookupRequest` chooses the request's version once it is connected. */
export interface KafkajsBroker {
  readonly connectionPool: KafkajsConnectionPool;
  isConnected(): boolean;
  connect(): Promise<void>;
  lookupRequest(apiKey: number, definition: ProtocolDefinition): (args: never) => Protocol<unknown>;
}

/** kafkajs's cluster: here only the factory of brokers, with the user's configuration. */
export interface KafkajsCluster {
  readonly rootLogger: unknown;
  readonly connectionPoolBuilder: {
    /** Without a destination: the next one of the configured brokers. */
    build(destination?: { host: string; port: number }): Promise<KafkajsConnectionPool>;
  };
  readonly brokerPool: {
    createBroker(options: { logger: unknown; connectionPool: KafkajsConnectionPool }): KafkajsBroker;
  };
}

/**
 * A cluster that has not connected. kafkajs hands it to a partition assigner's factory, when a
 * consumer is made; that consumer is never used.
 */
export function clusterOf(config: KafkaConfig): KafkajsCluster {
  let handed: unknown;
  const assigner = ({ cluster }: { cluster: unknown }) => {
    handed = cluster;
    return unusedAssigner;
  };
  new kafkajs.Kafka(config).consumer({ groupId: 'unused', partitionAssigners: [assigner] });
  return handed as KafkajsCluster;
}

const unusedAssigner = {
  name: 'unused',
  version: 0,
  assign: () => Promise.resolve([]),
  protocol: () => ({ name: 'unused', metadata: Buffer.alloc(0) }),
};
