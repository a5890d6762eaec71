import { inspect } from 'node:util';
import type { Broker } from '../broker/broker.js';
import { onRedeliveryFault, timeoutFault } from '../client/call-options.js';
import { countFault, limitFault } from '../delivery/count-fault.js';
import type { DuplicateWindow } from '../delivery/memory-duplicate-store.js';
import { MAX_TIMER_MS } from '../delivery/pause.js';
import { retryFaults } from '../delivery/retry-policy.js';
import { AsyncCallError } from '../errors/async-call-error.js';
import { serviceNameFault } from '../protocol/endpoint-address.js';
import type { Serializer } from '../protocol/serializer.js';
import type { FailurePolicy, PatternPolicy } from '../server/server-options.js';
import type {
  AsyncCallsOptions,
  CallsOptions,
  DeliveryOptions,
  TopicOptions,
} from './async-calls-options.js';

/** Throws one `invalid-argument` error that names every fault of the module's options. */
export function assertNoFaults(module: string, faults: readonly string[]): void {
  if (faults.length === 0) return;
  const list = faults.map((fault) => `\n  - ${fault}`).join('');
  throw new AsyncCallError('invalid-argument', `The options of ${module} are wrong:${list}`);
}

/** Everything that is wrong with the options, each as `option: what is wrong: what to write instead`. */
export function faultsOf(options: AsyncCallsOptions): string[] {
  const shape = shapeFaults(options);
  if (shape.length > 0) return shape;
  const { topics = {}, calls = {}, delivery = {} } = options;
  return [
    faultOf('service', serviceNameFault(options.service)),
    faultOf('broker', brokerFault(options.broker)),
    faultOf('instance', instanceFault(options.instance)),
    faultOf('topics.prefix', prefixFault(topics.prefix)),
    faultOf('topics.create', flagFault(topics.create)),
    ...topicFaults('topics.requests', topics.requests),
    ...topicFaults('topics.replies', topics.replies),
    ...topicFaults('topics.responses', topics.responses),
    ...topicFaults('topics.deadLetters', topics.deadLetters || undefined),
    ...topicFaults('topics.events', topics.events),
    ...retryFaults('delivery.retry', delivery.retry),
    ...callsFaults(calls),
    faultOf('delivery.groupId', groupFault(delivery.groupId)),
    faultOf('delivery.concurrency', countFault(delivery.concurrency)),
    faultOf('delivery.maxInFlight', countFault(delivery.maxInFlight)),
    faultOf('delivery.responseWindow', countFault(delivery.responseWindow)),
    faultOf('delivery.commitIntervalMs', millisecondsFault(delivery.commitIntervalMs)),
    faultOf('delivery.drainTimeoutMs', millisecondsFault(delivery.drainTimeoutMs)),
    faultOf('delivery.maxHandlerMs', limitFault(delivery.maxHandlerMs)),
    faultOf('delivery.warnAfterMs', limitFault(delivery.warnAfterMs)),
    faultOf('delivery.responseBufferBytes', countFault(delivery.responseBufferBytes)),
    ...duplicatesFaults(delivery.duplicates),
    faultOf('delivery.onFailure', choiceFault(delivery.onFailure, FAILURE_POLICIES)),
    faultOf('delivery.sessionTimeoutMs', millisecondsFault(delivery.sessionTimeoutMs)),
    faultOf('patterns', choiceFault(options.patterns, PATTERN_POLICIES)),
    ...nestTopicsFaults(options),
    faultOf('serializer', serializerFault(options.serializer)),
  ].filter((each) => each !== undefined);
}

const FAILURE_POLICIES: readonly FailurePolicy[] = ['restart', 'exit', 'report'];
const PATTERN_POLICIES: readonly PatternPolicy[] = ['serve', 'ignore'];

const OPTION_NAMES = {
  options: [
    'service',
    'broker',
    'instance',
    'topics',
    'calls',
    'delivery',
    'patterns',
    'nestTopics',
    'serializer',
  ],
  topics: ['prefix', 'create', 'requests', 'replies', 'responses', 'deadLetters', 'events'],
  topic: ['partitions', 'replicationFactor', 'configs'],
  calls: ['timeoutMs', 'idleTimeoutMs', 'onRedelivery', 'frames', 'maxPending'],
  delivery: [
    'groupId',
    'concurrency',
    'maxInFlight',
    'responseWindow',
    'commitIntervalMs',
    'drainTimeoutMs',
    'maxHandlerMs',
    'warnAfterMs',
    'responseBufferBytes',
    'duplicates',
    'onFailure',
    'sessionTimeoutMs',
    'retry',
  ],
} as const;

/** Groups of options that are no objects, and names that no option has: a misspelt one must not pass for its default. */
function shapeFaults(options: AsyncCallsOptions): string[] {
  const faults = objectFaults('the options', options, OPTION_NAMES.options);
  if (faults.length > 0) return faults;
  const { topics, calls, delivery } = options;
  return [
    ...objectFaults('topics', topics, OPTION_NAMES.topics),
    ...objectFaults('topics.requests', topics?.requests, OPTION_NAMES.topic),
    ...objectFaults('topics.replies', topics?.replies, OPTION_NAMES.topic),
    ...objectFaults('topics.events', topics?.events, OPTION_NAMES.topic),
    ...objectFaults('topics.responses', topics?.responses, OPTION_NAMES.topic),
    ...objectFaults(
      'topics.deadLetters',
      topics?.deadLetters === false ? undefined : topics?.deadLetters,
      OPTION_NAMES.topic,
    ),
    ...objectFaults('calls', calls, OPTION_NAMES.calls),
    ...objectFaults('delivery', delivery, OPTION_NAMES.delivery),
  ];
}

/** What is wrong with a group of options: that it is none, or that it has names that no option has. */
export function objectFaults(name: string, value: unknown, known: readonly string[]): string[] {
  if (value === undefined && name !== 'the options') return [];
  if (typeof value !== 'object' || value === null) return [`${name}: ${inspect(value)} is not an object`];
  return Object.keys(value)
    .filter((key) => !known.includes(key))
    .map((key) => `${name}: there is no option "${key}": there are ${known.join(', ')}`);
}

/** What is wrong with an option, with its name; `undefined` if nothing is. */
export function faultOf(option: string, reason: string | undefined): string | undefined {
  return reason && `${option}: ${reason}`;
}

function brokerFault(broker: Broker | undefined): string | undefined {
  if (typeof broker?.createProducer === 'function') return undefined;
  return 'it is not a driver: write kafkajs({ brokers: ["localhost:9092"] }) or memory()';
}

function instanceFault(instance: unknown): string | undefined {
  if (instance === undefined || (typeof instance === 'string' && /^[^/\s]{1,100}$/.test(instance)))
    return undefined;
  return `${inspect(instance)} is not an instance name: write 1 to 100 characters without "/" and white space`;
}

function prefixFault(prefix: unknown): string | undefined {
  if (prefix === undefined || (typeof prefix === 'string' && /^[a-zA-Z0-9._-]{0,40}$/.test(prefix)))
    return undefined;
  return `${inspect(prefix)} cannot begin a topic's name: write at most 40 letters, digits, ".", "_" and "-"`;
}

function groupFault(groupId: unknown): string | undefined {
  if (groupId === undefined || (typeof groupId === 'string' && groupId !== '')) return undefined;
  return `${inspect(groupId)} is not a group id: write text that is not empty`;
}

function flagFault(flag: unknown): string | undefined {
  if (flag === undefined || typeof flag === 'boolean') return undefined;
  return `${inspect(flag)} is neither true nor false`;
}

function duplicatesFaults(duplicates: DeliveryOptions['duplicates']): (string | undefined)[] {
  if (duplicates === undefined || duplicates === false) return [];
  if (
    typeof duplicates === 'object' &&
    duplicates !== null &&
    'claim' in duplicates &&
    typeof duplicates.claim === 'function'
  )
    return [];
  const where = 'delivery.duplicates';
  const faults = objectFaults(where, duplicates, ['windowMs', 'maxRequests']);
  if (faults.length > 0) return faults.map((fault) => `${fault}; a store of your own has a method "claim"`);
  const { windowMs, maxRequests } = duplicates as Partial<DuplicateWindow>;
  return [
    faultOf(`${where}.windowMs`, countFault(windowMs)),
    faultOf(`${where}.maxRequests`, countFault(maxRequests)),
  ];
}

function choiceFault(choice: unknown, choices: readonly string[]): string | undefined {
  if (choice === undefined || choices.includes(choice as string)) return undefined;
  return `${inspect(choice)} is none of ${choices.join(', ')}`;
}

function nestTopicsFaults({ patterns, nestTopics }: AsyncCallsOptions): (string | undefined)[] {
  if (nestTopics === undefined || nestTopics === false) return [];
  const needed =
    patterns === 'ignore' ? "it needs the handlers that patterns: 'ignore' leaves out" : undefined;
  if (nestTopics === true) return [faultOf('nestTopics', needed)];
  const faults = objectFaults('nestTopics', nestTopics, ['groupId', 'startFrom']);
  if (faults.length > 0) return faults;
  return [
    faultOf('nestTopics', needed),
    faultOf('nestTopics.groupId', groupFault(nestTopics.groupId)),
    faultOf('nestTopics.startFrom', choiceFault(nestTopics.startFrom, ['latest', 'earliest'])),
  ];
}

function callsFaults({
  timeoutMs,
  idleTimeoutMs,
  onRedelivery,
  frames,
  maxPending,
}: CallsOptions): (string | undefined)[] {
  return [
    faultOf('calls.timeoutMs', timeoutMs === undefined ? undefined : timeoutFault(timeoutMs)),
    faultOf('calls.idleTimeoutMs', idleTimeoutMs === undefined ? undefined : timeoutFault(idleTimeoutMs)),
    faultOf('calls.onRedelivery', onRedelivery === undefined ? undefined : onRedeliveryFault(onRedelivery)),
    faultOf('calls.frames', flagFault(frames)),
    faultOf('calls.maxPending', countFault(maxPending)),
  ];
}

/** For what a timer has to take: with more it would go off at once. */
function millisecondsFault(ms: unknown): string | undefined {
  const fault = countFault(ms);
  if (fault || ms === undefined || (ms as number) <= MAX_TIMER_MS) return fault;
  return `${inspect(ms)} is more than a timer takes: write whole milliseconds up to ${MAX_TIMER_MS}`;
}

function topicFaults(
  option: string,
  { partitions, replicationFactor }: TopicOptions = {},
): (string | undefined)[] {
  return [
    faultOf(`${option}.partitions`, countFault(partitions)),
    faultOf(`${option}.replicationFactor`, countFault(replicationFactor)),
  ];
}

function serializerFault(serializer: Serializer | undefined): string | undefined {
  if (serializer === undefined) return undefined;
  if (typeof serializer?.serialize === 'function' && typeof serializer.deserialize === 'function')
    return undefined;
  return 'it has no methods "serialize" and "deserialize"';
}
