import type { KafkaConfig } from 'kafkajs';
import definitions from 'kafkajs/src/protocol/requests/index.js';
import { BrokerError } from '../broker-error.js';
import type { TopicPartition } from '../record.js';
import { connectionError } from './connection-error.js';
import { closedError, isHopeless, refused } from './errors.js';
import {
  type Apis,
  type BrokerAddress,
  clusterOf,
  type KafkajsCluster,
  type KafkajsConnectionPool,
  type Protocol,
  type TopicAnswer,
} from './internals.js';
import { Node } from './node.js';
import { ByteWriter } from './wire/byte-writer.js';
import { encodedAs } from './wire/produce.js';

const NOT_KNOWN = 3;
const NO_LEADER = 5;
const NOT_AVAILABLE = 8;

/**
 * One component's view of the Kafka cluster: its brokers, connected when they are needed, and who leads
 * what. It makes single attempts; when and how often to try again is its callers' decision.
 */
export class Cluster {
  private readonly factory: KafkajsCluster;
  private readonly nodes = new Map<number, Node>();
  private readonly topics = new Map<string, TopicAnswer>();
  private readonly extra = new Set<Node>();
  /** Addresses of brokers that have let this component in. */
  private readonly hosts = new Set<string>();
  private seed: Node | undefined;
  private controllerId = -1;
  private readonly seedCount: number;
  private seeding: Promise<Node> | undefined;
  private closed = false;
  private connectFailedAt = 0;

  constructor(config: KafkaConfig) {
    this.factory = clusterOf(config);
    this.seedCount = Array.isArray(config.brokers) ? config.brokers.length : 3;
  }

  /** Asks a broker for the topics' partitions and leaders, and remembers them. */
  async refresh(topics: readonly string[]): Promise<TopicAnswer[]> {
    const { topicMetadata } = await this.metadata([...topics]);
    for (const answer of topicMetadata) this.topics.set(answer.topic, answer);
    return [...topicMetadata];
  }

  /** All topics there are. */
  async allTopics(): Promise<TopicAnswer[]> {
    return [...(await this.metadata('all')).topicMetadata];
  }

  /** Learns the brokers, no topics. */
  async connect(): Promise<void> {
    await this.metadata([]);
  }

  /**
   * When a broker was last tried that could not be connected, in milliseconds since the epoch; 0 if none was. One attempt of
   * a caller may go through all brokers, each of which takes its time to be given up.
   */
  get lastConnectFailureAt(): number {
    return this.connectFailedAt;
  }

  /** How many brokers there are, as last heard. */
  get size(): number {
    return this.nodes.size;
  }

  /** What is remembered of a topic. */
  topic(name: string): TopicAnswer | undefined {
    return this.topics.get(name);
  }

  /** The partition's leader as it is remembered; `undefined` if there is none. */
  leaderOf({ topic, partition }: TopicPartition): number | undefined {
    const known = this.topics
      .get(topic)
      ?.partitionMetadata.find(({ partitionId }) => partitionId === partition);
    return known === undefined || known.leader < 0 || !this.nodes.has(known.leader)
      ? undefined
      : known.leader;
  }

  /** Why a partition has no leader, after a refresh of its topic. */
  whyNoLeader({ topic, partition }: TopicPartition): BrokerError {
    const answer = this.topics.get(topic);
    if (answer === undefined || answer.topicErrorCode === NOT_KNOWN)
      return refused(NOT_KNOWN, `topic ${topic}`);
    if (answer.topicErrorCode !== 0) return topicRefused(answer);
    const count = answer.partitionMetadata.length;
    if (!answer.partitionMetadata.some(({ partitionId }) => partitionId === partition))
      return new BrokerError(
        'unknown-topic',
        `topic ${topic} has ${count} partitions, none of number ${partition}`,
      );
    return refused(NO_LEADER, `partition ${partition} of topic ${topic}`);
  }

  /** A broker by its id, as last heard. */
  node(nodeId: number): Node {
    const node = this.nodes.get(nodeId);
    if (node !== undefined) return node;
    if (this.closed) throw closedError('connection');
    throw refused(NOT_AVAILABLE, `broker ${nodeId}`);
  }

  /** Some broker, connected. */
  async any(): Promise<Node> {
    const known = [...this.nodes.values()];
    const connected = known.find((node) => node.isConnected());
    if (connected !== undefined) return connected;
    for (const node of known) {
      try {
        await node.connect();
        return node;
      } catch (error) {
        this.connectFailedAt = Date.now();
        // The addresses may be outdated; whether to give up is for the configured ones to say.
        if (this.closed) throw error;
      }
    }
    return this.connectSeed();
  }

  /** The broker that creates and deletes topics. */
  async controller(): Promise<Node> {
    await this.connect();
    return this.node(this.controllerId);
  }

  /** The broker that coordinates the group. */
  async coordinator(groupId: string): Promise<Node> {
    const address = await this.coordinatorAddress(groupId);
    if (!this.nodes.has(address.nodeId)) await this.connect();
    return this.node(address.nodeId);
  }

  /**
   * Connections of their own to the group's coordinator. A broker answers the requests of a connection
   * one after the other: a join, which waits for all members, would hold up commits and metadata.
   */
  async coordinatorAlone(groupId: string): Promise<Node> {
    const { host, port } = await this.coordinatorAddress(groupId);
    const node = this.create(await this.factory.connectionPoolBuilder.build({ host, port }));
    this.extra.add(node);
    return node;
  }

  /** Closes what {@link coordinatorAlone} made. */
  release(node: Node): void {
    this.extra.delete(node);
    node.close();
  }

  /** Cuts all connections off, at once. */
  close(): void {
    this.closed = true;
    for (const node of [...this.nodes.values(), ...this.extra, ...(this.seed ? [this.seed] : [])])
      node.close();
    this.nodes.clear();
  }

  private async coordinatorAddress(groupId: string): Promise<BrokerAddress> {
    const node = await this.any();
    const { errorCode, coordinator } = await node.request('GroupCoordinator', { groupId });
    const needs = { group: `Read on Group ${groupId}` };
    if (errorCode !== 0) throw refused(errorCode, `finding the coordinator of group ${groupId}`, needs);
    return coordinator;
  }

  private async metadata(topics: string[] | 'all'): Promise<Apis['Metadata']['answer']> {
    const node = await this.any();
    const asked = topics === 'all' ? [] : topics;
    const answer =
      topics.length === 0
        ? await node.send(brokersOnly())
        : await node.request('Metadata', { topics: asked, allowAutoTopicCreation: false });
    await this.learn(answer.brokers);
    this.controllerId = answer.controllerId;
    return answer;
  }

  /** One attempt serves all who ask meanwhile: each attempt of its own would close the seed of the one before. */
  private connectSeed(): Promise<Node> {
    this.seeding ??= this.trySeeds().finally(() => {
      this.seeding = undefined;
    });
    return this.seeding;
  }

  private async trySeeds(): Promise<Node> {
    if (this.seed?.isConnected()) return this.seed;
    for (let left = this.seedCount; ; left--) {
      if (this.closed) throw closedError('connection');
      this.seed?.close();
      const seed = await this.nextSeed();
      // What is connected after `close` would never be closed.
      if (this.closed) throw closedError('connection');
      this.seed = seed;
      try {
        await seed.connect();
        return seed;
      } catch (error) {
        this.connectFailedAt = Date.now();
        if (left <= 1 || isHopeless(error as BrokerError)) throw error;
      }
    }
  }

  private async nextSeed(): Promise<Node> {
    try {
      return this.create(await this.factory.connectionPoolBuilder.build());
    } catch (error) {
      // The user's function that finds the brokers may fail like any other request.
      throw connectionError(error, 'option brokers');
    }
  }

  private async learn(brokers: readonly BrokerAddress[]): Promise<void> {
    const pools = new Map<BrokerAddress, KafkajsConnectionPool>();
    for (const address of brokers) {
      const known = this.nodes.get(address.nodeId)?.address;
      const isSeed = this.seed?.address === addressOf(address);
      if (known === addressOf(address) || isSeed) continue;
      pools.set(address, await this.factory.connectionPoolBuilder.build(address));
    }
    if (this.closed) throw closedError('connection');
    for (const address of brokers) this.adopt(address, pools.get(address));
    const ids = new Set(brokers.map(({ nodeId }) => nodeId));
    for (const [nodeId, node] of this.nodes) if (!ids.has(nodeId)) this.drop(nodeId, node);
  }

  private adopt(address: BrokerAddress, pool: KafkajsConnectionPool | undefined): void {
    const known = this.nodes.get(address.nodeId);
    if (known?.address === addressOf(address)) return;
    if (known !== undefined) this.drop(address.nodeId, known);
    if (pool !== undefined) this.nodes.set(address.nodeId, this.create(pool));
    else if (this.seed !== undefined) {
      this.nodes.set(address.nodeId, this.seed);
      this.seed = undefined;
    }
  }

  private drop(nodeId: number, node: Node): void {
    this.nodes.delete(nodeId);
    node.close();
  }

  private create(connectionPool: KafkajsConnectionPool): Node {
    const { rootLogger, brokerPool } = this.factory;
    return new Node(brokerPool.createBroker({ logger: rootLogger, connectionPool }), this.hosts);
  }
}

/** kafkajs sends an empty list of topics as "all topics"; this asks for none. */
function brokersOnly(): Protocol<Apis['Metadata']['answer']> {
  const version = 6;
  const create = definitions.requests.Metadata.protocol({ version });
  const { response } = create({ topics: [] });
  const none = new ByteWriter(8).int32(0).int8(0).bytes();
  return {
    request: { apiKey: 3, apiVersion: version, apiName: 'Metadata', encode: async () => encodedAs(none) },
    response: {
      decode: (bytes) => response.decode(bytes),
      parse: (answer) => Promise.resolve(answer as Apis['Metadata']['answer']),
    },
  };
}

/** Why a topic's metadata were not given. */
export function topicRefused({
  topic,
  topicErrorCode,
}: Pick<TopicAnswer, 'topic' | 'topicErrorCode'>): BrokerError {
  const needs = { topic: `Describe on Topic ${topic}, which Read and Write include` };
  return refused(topicErrorCode, `topic ${topic}`, needs);
}

function addressOf({ host, port }: BrokerAddress): string {
  return `${host}:${port}`;
}
