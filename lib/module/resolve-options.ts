import { randomBytes } from 'node:crypto';
import type { TopicSpec } from '../broker/admin.js';
import type { Broker } from '../broker/broker.js';
import { timeoutFault } from '../client/call-options.js';
import type { ClientOptions } from '../client/client-options.js';
import { AsyncCallError } from '../errors/async-call-error.js';
import { serviceNameFault } from '../protocol/endpoint-address.js';
import { jsonSerializer } from '../protocol/json-serializer.js';
import type { Serializer } from '../protocol/serializer.js';
import { topicNames } from '../protocol/topic-names.js';
import type { ServerOptions } from '../server/server-options.js';
import type { AsyncCallsOptions, TopicOptions } from './async-calls-options.js';

/** The module's options with every default in place, checked and frozen. */
export interface ResolvedOptions {
  readonly client: ClientOptions;
  readonly server: Omit<ServerOptions, 'servicesOfApplication'>;
}

const DEFAULT_PARTITIONS = 6;
const ONE_HOUR_MS = 3_600_000;

/**
 * Applies defaults and checks. The only place that knows a default. Throws one `invalid-argument` error that names
 * every fault and what to write instead.
 */
export function resolveOptions(options: AsyncCallsOptions): ResolvedOptions {
  assertNoFaults(faultsOf(options));
  const { service, broker, topics = {}, calls = {}, delivery = {} } = options;
  const source = `${service}/${options.instance ?? randomBytes(4).toString('hex')}`;
  const names = topicNames(topics.prefix);
  const common = {
    service,
    source,
    broker,
    serializer: options.serializer ?? jsonSerializer,
    createTopics: topics.create ?? true,
  };
  return deepFreezeOwn({
    client: {
      ...common,
      topicNames: names,
      replyTopic: topicSpec(names.replies(service), topics.replies, { 'retention.ms': `${ONE_HOUR_MS}` }),
      timeoutMs: calls.timeoutMs ?? 30_000,
    },
    server: {
      ...common,
      groupId: delivery.groupId ?? service,
      requestTopic: topicSpec(names.requests(service), topics.requests),
      responseWindow: delivery.responseWindow ?? 100,
      delivery: {
        concurrency: delivery.concurrency ?? 256,
        maxInFlight: delivery.maxInFlight ?? 1_000,
        commitIntervalMs: delivery.commitIntervalMs ?? 1_000,
        drainTimeoutMs: delivery.drainTimeoutMs ?? 10_000,
      },
    },
  });
}

function topicSpec(topic: string, options: TopicOptions = {}, configs: TopicSpec['configs'] = {}): TopicSpec {
  const { partitions = DEFAULT_PARTITIONS, replicationFactor } = options;
  return { topic, partitions, replicationFactor, configs: { ...configs, ...options.configs } };
}

function deepFreezeOwn(resolved: ResolvedOptions): ResolvedOptions {
  Object.freeze(resolved.server.delivery);
  Object.freeze(resolved.client);
  Object.freeze(resolved.server);
  return Object.freeze(resolved);
}

function assertNoFaults(faults: readonly string[]): void {
  if (faults.length === 0) return;
  const list = faults.map((fault) => `\n  - ${fault}`).join('');
  throw new AsyncCallError('invalid-argument', `The options of AsyncCallsModule are wrong:${list}`);
}

/** Every fault, as `option: what is wrong: what to write instead`. */
function faultsOf(options: AsyncCallsOptions): string[] {
  if (typeof options !== 'object' || options === null) {
    return [`they are ${String(options)}: write { service: "my-service", broker: … }`];
  }
  const { topics = {}, calls = {}, delivery = {} } = options;
  return [
    fault('service', serviceNameFault(options.service)),
    fault('broker', brokerFault(options.broker)),
    fault('instance', instanceFault(options.instance)),
    fault('topics.prefix', prefixFault(topics.prefix)),
    fault('topics.create', flagFault(topics.create)),
    ...topicFaults('topics.requests', topics.requests),
    ...topicFaults('topics.replies', topics.replies),
    fault('calls.timeoutMs', calls.timeoutMs === undefined ? undefined : timeoutFault(calls.timeoutMs)),
    fault('delivery.groupId', groupFault(delivery.groupId)),
    fault('delivery.concurrency', countFault(delivery.concurrency)),
    fault('delivery.maxInFlight', countFault(delivery.maxInFlight)),
    fault('delivery.responseWindow', countFault(delivery.responseWindow)),
    fault('delivery.commitIntervalMs', countFault(delivery.commitIntervalMs)),
    fault('delivery.drainTimeoutMs', countFault(delivery.drainTimeoutMs)),
    fault('serializer', serializerFault(options.serializer)),
  ].filter((each) => each !== undefined);
}

function fault(option: string, reason: string | undefined): string | undefined {
  return reason && `${option}: ${reason}`;
}

function brokerFault(broker: Broker | undefined): string | undefined {
  if (typeof broker?.createProducer === 'function') return undefined;
  return 'it is not a driver: write kafkajs({ brokers: ["localhost:9092"] }) or memory()';
}

function instanceFault(instance: unknown): string | undefined {
  if (instance === undefined || (typeof instance === 'string' && /^[^/\s]{1,100}$/.test(instance)))
    return undefined;
  return `${JSON.stringify(instance)} is not an instance name: write 1 to 100 characters without "/" and white space`;
}

function prefixFault(prefix: unknown): string | undefined {
  if (prefix === undefined || (typeof prefix === 'string' && /^[a-zA-Z0-9._-]{0,40}$/.test(prefix)))
    return undefined;
  return `${JSON.stringify(prefix)} cannot begin a topic's name: write at most 40 letters, digits, ".", "_" and "-"`;
}

function groupFault(groupId: unknown): string | undefined {
  if (groupId === undefined || (typeof groupId === 'string' && groupId !== '')) return undefined;
  return `${JSON.stringify(groupId)} is not a group id: write text that is not empty`;
}

function flagFault(flag: unknown): string | undefined {
  if (flag === undefined || typeof flag === 'boolean') return undefined;
  return `${JSON.stringify(flag)} is neither true nor false`;
}

function countFault(count: unknown): string | undefined {
  if (count === undefined || (Number.isInteger(count) && (count as number) > 0)) return undefined;
  return `${String(count)} is not a whole number from 1 on`;
}

function topicFaults(
  option: string,
  { partitions, replicationFactor }: TopicOptions = {},
): (string | undefined)[] {
  return [
    fault(`${option}.partitions`, countFault(partitions)),
    fault(`${option}.replicationFactor`, countFault(replicationFactor)),
  ];
}

function serializerFault(serializer: Serializer | undefined): string | undefined {
  if (serializer === undefined) return undefined;
  if (typeof serializer?.serialize === 'function' && typeof serializer.deserialize === 'function')
    return undefined;
  return 'it has no methods "serialize" and "deserialize"';
}
