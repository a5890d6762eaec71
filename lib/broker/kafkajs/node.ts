import definitions from 'kafkajs/src/protocol/requests/index.js';
import { BrokerError } from '../broker-error.js';
import { asOutage, connectionError } from './connection-error.js';
import { isHopeless } from './errors.js';
import type { Apis, KafkajsBroker, KafkajsConnection, KafkajsConnectionPool, Protocol } from './internals.js';
import { saslWanted } from './security/sasl-wanted.js';

const API_KEYS: Readonly<Record<keyof Apis, number>> = {
  ListOffsets: 2,
  Metadata: 3,
  OffsetCommit: 8,
  OffsetFetch: 9,
  GroupCoordinator: 10,
  JoinGroup: 11,
  Heartbeat: 12,
  LeaveGroup: 13,
  SyncGroup: 14,
  DescribeGroups: 15,
  CreateTopics: 19,
  DeleteTopics: 20,
};

/** Each answer begins with its length. */
const LENGTH_BYTES = 4;

/** The connections to one broker, which come and go; every error is a {@link BrokerError}. */
export class Node {
  /** `host:port` */
  readonly address: string;
  private connecting: Promise<void> | undefined;
  private closed = false;
  /** It has answered. */
  private isHost = false;

  /** `hosts` are the addresses that have let this component in before, as `host:port`; its own is added. */
  constructor(
    private readonly broker: KafkajsBroker,
    private readonly hosts: Set<string>,
  ) {
    const { host, port, pool } = broker.connectionPool;
    this.address = `${host}:${port}`;
    for (const connection of pool) repair(connection);
  }

  isConnected(): boolean {
    return !this.closed && this.broker.isConnected();
  }

  /** Connects, and authenticates, unless it is connected. */
  async connect(): Promise<void> {
    if (this.closed) throw this.cutOffError();
    this.connecting ??= this.broker.connect().finally(() => (this.connecting = undefined));
    await this.attempt(this.connecting);
  }

  /** Sends a request that kafkajs can encode; the answer's error codes are left to the caller. */
  async request<A extends keyof Apis>(api: A, args: Apis[A]['args']): Promise<Apis[A]['answer']> {
    if (!this.isReady()) await this.connect();
    return this.send(this.protocolOf(api, args));
  }

  /** Sends a request in its own encoding. */
  async send<T>(protocol: Protocol<T>): Promise<T> {
    if (!this.isReady()) await this.connect();
    const answer = await this.attempt(this.broker.connectionPool.send(protocol));
    // Only an answer says so: some brokers hang up on a client that they do not know when it asks something.
    if (!this.isHost) this.hosts.add(this.address);
    this.isHost = true;
    return answer;
  }

  /** Cuts the connections off; what is under way is rejected. */
  close(): void {
    this.closed = true;
    void cutOff(this.broker.connectionPool.pool, this.cutOffError());
  }

  /** Connected, and not in the middle of it: it has authenticated, and knows what the broker understands. */
  private isReady(): boolean {
    return this.connecting === undefined && this.isConnected();
  }

  private cutOffError(): BrokerError {
    return new BrokerError('unavailable', `${this.address}: the connection was closed`, { retriable: true });
  }

  private protocolOf<A extends keyof Apis>(api: A, args: Apis[A]['args']): Protocol<Apis[A]['answer']> {
    const create = this.broker.lookupRequest(API_KEYS[api], definitions.requests[api]);
    const { response, ...rest } = create(args as never);
    // kafkajs's own parse throws at the first error code in an answer and loses the rest.
    const parse = (answer: unknown) => Promise.resolve(answer as Apis[A]['answer']);
    return { ...rest, response: { decode: (bytes) => response.decode(bytes), parse } };
  }

  private async attempt<T>(action: Promise<T>): Promise<T> {
    try {
      return await action;
    } catch (error) {
      if (this.closed) throw this.cutOffError();
      const known = connectionError(error, this.address);
      const { connectionPool } = this.broker;
      // A broker that went silent leaves connections behind that look alive.
      const isSilent = error instanceof Error && error.name === 'KafkaJSRequestTimeoutError';
      if (isSilent) await cutOff(connectionPool.pool, known);
      else if (isHopeless(known)) await cutOff(unauthenticated(connectionPool), known);
      if (this.hosts.has(this.address)) throw asOutage(known);
      throw (await saslWanted(connectionPool, known)) ?? known;
    }
  }
}

/** Those that the broker is about to close: another request on them would only hear of that. */
function unauthenticated({ sasl, pool }: KafkajsConnectionPool): readonly KafkajsConnection[] {
  return sasl ? pool.filter((connection) => connection.isConnected() && !connection.isAuthenticated()) : [];
}

async function cutOff(connections: readonly KafkajsConnection[], reason: Error): Promise<void> {
  const cuts = connections.map(async (connection) => {
    connection.rejectRequests(reason);
    // With nothing left to wait for, this only stops its timers.
    await connection.disconnect();
    connection.socket?.destroy();
  });
  await Promise.all(cuts);
}

/**
 * Four faults of kafkajs's connections: two requests at once on a connection that is down open two
 * sockets, one of which is forgotten; the part of an answer in the middle of which a socket was cut is taken for the
 * beginning of what the next socket brings, so that no answer is understood any more; after the first request, a timer
 * fires every millisecond; and a session that is shorter than the threshold, at which to authenticate again, counts as
 * over from its beginning.
 */
function repair(connection: KafkajsConnection): void {
  const connect = connection.connect.bind(connection);
  let connecting: Promise<boolean> | undefined;
  const connectAnew = () => {
    // Nothing more comes of the socket before.
    connection.socket?.destroy();
    connection.chunks = [];
    connection.bytesBuffered = 0;
    connection.bytesNeeded = LENGTH_BYTES;
    return connect();
  };
  connection.connect = () => {
    if (connection.isConnected()) return Promise.resolve(true);
    return (connecting ??= connectAnew().finally(() => (connecting = undefined)));
  };

  const queue = connection.requestQueue;
  const schedule = queue.scheduleCheckPendingRequests.bind(queue);
  queue.scheduleCheckPendingRequests = () => {
    if (queue.pending.length > 0) schedule();
  };

  const threshold = connection.reauthenticationThreshold;
  Object.defineProperty(connection, 'reauthenticationThreshold', {
    get: () => Math.min(threshold, Number(connection.sessionLifetime) / 2),
  });
}
