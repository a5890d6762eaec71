import type { TopicSpec } from '../broker/admin.js';
import type { ClientOptions } from '../client/client-options.js';
import type { DuplicateStore } from '../delivery/duplicate-store.js';
import { MemoryDuplicateStore } from '../delivery/memory-duplicate-store.js';
import type { Environment } from '../environment/environment.js';
import { jsonSerializer } from '../protocol/json-serializer.js';
import { topicNames } from '../protocol/topic-names.js';
import type { NestTopics, ServerOptions } from '../server/server-options.js';
import type { AsyncCallsOptions, DeliveryOptions, TopicOptions } from './async-calls-options.js';
import { assertNoFaults, faultsOf } from './option-faults.js';
import type { Surroundings } from './surroundings.js';

/** The module's options with every default in place, checked and frozen. */
export interface ResolvedOptions {
  readonly client: ClientOptions;
  readonly server: Omit<ServerOptions, 'servicesOfApplication'>;
}

const DEFAULT_PARTITIONS = 6;
const ONE_HOUR_MS = 3_600_000;
/** A dead letter is its record and what is said about it: it may be larger than what was let in. */
const DEAD_LETTER_CONFIGS = {
  'retention.ms': `${30 * 24 * ONE_HOUR_MS}`,
  'max.message.bytes': `${2 * 1_048_588}`,
};
const DEFAULT_WINDOW = { windowMs: 300_000, maxRequests: 100_000 };
const MIN_REBALANCE_TIMEOUT_MS = 60_000;
const DEFAULT_RETRY = { attempts: 3, initialDelayMs: 100, multiplier: 4, maxDelayMs: 10_000 };

/**
 * Applies defaults and checks. The only place that knows a default. Throws one `invalid-argument` error that names
 * every fault and what to write instead. What is right is then put into its surroundings.
 */
export function resolveOptions(configured: AsyncCallsOptions, surroundings: Surroundings): ResolvedOptions {
  assertNoFaults('AsyncCallsModule', faultsOf(configured));
  const options = surroundings.optionsOf(configured);
  const { service, broker, topics = {}, calls = {}, delivery = {} } = options;
  const { environment, onCall, onEnded } = surroundings;
  const source = `${service}/${options.instance ?? environment.randomBytes(4).toString('hex')}`;
  const names = topicNames(topics.prefix);
  const { drainTimeoutMs = 10_000, groupId = service } = delivery;
  const common = {
    service,
    source,
    broker,
    environment,
    serializer: options.serializer ?? jsonSerializer,
    createTopics: topics.create ?? true,
    topicNames: names,
    eventTopics: topicSettings(topics.events),
    responseTopic: topicSpec(names.responses(service), topics.responses),
  };
  return Object.freeze({
    client: Object.freeze({
      ...common,
      replyTopic: topicSpec(names.replies(service), topics.replies, { 'retention.ms': `${ONE_HOUR_MS}` }),
      timeoutMs: calls.timeoutMs ?? 30_000,
      idleTimeoutMs: calls.idleTimeoutMs ?? Number.POSITIVE_INFINITY,
      onRedelivery: calls.onRedelivery ?? 'continue',
      frames: calls.frames ?? true,
      maxPending: calls.maxPending ?? 100_000,
      onCall,
    }),
    server: Object.freeze({
      ...common,
      groupId,
      requestTopic: topicSpec(names.requests(service), topics.requests),
      deadLetterTopic:
        topics.deadLetters === false
          ? undefined
          : topicSpec(
              names.deadLetters(service),
              { partitions: 1, ...topics.deadLetters },
              DEAD_LETTER_CONFIGS,
            ),
      retry: Object.freeze({ ...DEFAULT_RETRY, ...delivery.retry }),
      responseWindow: delivery.responseWindow ?? 100,
      responseBufferBytes: delivery.responseBufferBytes ?? 33_554_432,
      maxHandlerMs: delivery.maxHandlerMs,
      warnAfterMs: delivery.warnAfterMs ?? 60_000,
      duplicates: duplicateStore(delivery.duplicates, environment),
      responseDuplicates: duplicateStore(delivery.duplicates, environment),
      onFailure: delivery.onFailure ?? 'restart',
      patterns: options.patterns ?? 'serve',
      nestTopics: nestTopics(options, groupId),
      onEnded,
      delivery: Object.freeze({
        concurrency: delivery.concurrency ?? 256,
        maxInFlight: delivery.maxInFlight ?? 1_000,
        commitIntervalMs: delivery.commitIntervalMs ?? 1_000,
        drainTimeoutMs,
        rebalanceTimeoutMs: Math.max(MIN_REBALANCE_TIMEOUT_MS, drainTimeoutMs + 30_000),
        sessionTimeoutMs: delivery.sessionTimeoutMs ?? 30_000,
      }),
    }),
  });
}

function nestTopics(
  { nestTopics: wanted, topics }: AsyncCallsOptions,
  group: string,
): NestTopics | undefined {
  if (!wanted) return undefined;
  const { groupId = group, startFrom = 'latest' } = wanted === true ? {} : wanted;
  const { topic: _, ...spec } = topicSpec('', topics?.requests);
  return Object.freeze({ groupId, startFrom, spec });
}

function duplicateStore(
  duplicates: DeliveryOptions['duplicates'] = {},
  environment: Environment,
): DuplicateStore | undefined {
  if (duplicates === false) return undefined;
  if ('claim' in duplicates) return duplicates;
  return new MemoryDuplicateStore({ ...DEFAULT_WINDOW, ...duplicates }, environment);
}

function topicSpec(topic: string, options?: TopicOptions, configs?: TopicSpec['configs']): TopicSpec {
  return Object.freeze({ topic, ...topicSettings(options, configs) });
}

function topicSettings(
  options: TopicOptions = {},
  configs: TopicSpec['configs'] = {},
): Omit<TopicSpec, 'topic'> {
  const { partitions = DEFAULT_PARTITIONS, replicationFactor } = options;
  return Object.freeze({
    partitions,
    replicationFactor,
    configs: Object.freeze({ ...configs, ...options.configs }),
  });
}
