import { describe, expect, it } from '@jest/globals';
import { memory } from '../../../lib/broker/memory/index.js';
import { AsyncCallError } from '../../../lib/errors/async-call-error.js';
import type { AsyncCallsOptions } from '../../../lib/module/async-calls-options.js';
import type { DuplicateStore } from '../../../lib/delivery/duplicate-store.js';
import { systemEnvironment } from '../../../lib/environment/system-environment.js';
import { MemoryDuplicateStore } from '../../../lib/delivery/memory-duplicate-store.js';
import { resolveOptions } from '../../../lib/module/resolve-options.js';
import { SYSTEM_SURROUNDINGS } from '../../../lib/module/surroundings.js';
import { jsonSerializer } from '../../../lib/protocol/json-serializer.js';

const REQUIRED = { service: 'bank', broker: memory() };

function resolved(options: AsyncCallsOptions) {
  return resolveOptions(options, SYSTEM_SURROUNDINGS);
}

/** The faults that one error names, without the dashes before them. */
function faultsOf(options: unknown): string[] {
  try {
    resolved(options as AsyncCallsOptions);
  } catch (error) {
    expect(error).toBeInstanceOf(AsyncCallError);
    expect(error).toMatchObject({ code: 'invalid-argument' });
    const [title, ...faults] = (error as Error).message.split('\n  - ');
    expect(title).toBe('The options of AsyncCallsModule are wrong:');
    return faults;
  }
  return [];
}

describe('resolveOptions', () => {
  it('has a default for everything but the service and the broker', () => {
    const { client, server } = resolved({ ...REQUIRED, instance: 'i1' });
    const common = {
      service: 'bank',
      source: 'bank/i1',
      broker: REQUIRED.broker,
      environment: systemEnvironment,
      serializer: jsonSerializer,
      createTopics: true,
      topicNames: expect.anything(),
      eventTopics: { partitions: 6, configs: {} },
      responseTopic: { topic: 'bank.responses', partitions: 6, configs: {} },
    };
    expect(client).toEqual({
      ...common,
      replyTopic: { topic: 'bank.replies', partitions: 6, configs: { 'retention.ms': '3600000' } },
      timeoutMs: 30_000,
      idleTimeoutMs: Infinity,
      onRedelivery: 'continue',
      frames: true,
      maxPending: 100_000,
    });
    expect(server).toEqual({
      ...common,
      groupId: 'bank',
      requestTopic: { topic: 'bank.requests', partitions: 6, configs: {} },
      deadLetterTopic: {
        topic: 'bank.dead-letters',
        partitions: 1,
        configs: { 'retention.ms': '2592000000', 'max.message.bytes': '2097176' },
      },
      retry: { attempts: 3, initialDelayMs: 100, multiplier: 4, maxDelayMs: 10_000 },
      responseWindow: 100,
      responseBufferBytes: 33_554_432,
      maxHandlerMs: undefined,
      warnAfterMs: 60_000,
      duplicates: expect.any(MemoryDuplicateStore),
      responseDuplicates: expect.any(MemoryDuplicateStore),
      onFailure: 'restart',
      patterns: 'serve',
      delivery: {
        concurrency: 256,
        maxInFlight: 1_000,
        commitIntervalMs: 1_000,
        drainTimeoutMs: 10_000,
        rebalanceTimeoutMs: 60_000,
        sessionTimeoutMs: 30_000,
      },
    });
  });

  it('takes its environment from the surroundings, which may change its options', () => {
    const environment = { ...systemEnvironment, randomBytes: (size: number) => Buffer.alloc(size, 7) };
    const other = memory();
    const optionsOf = (configured: AsyncCallsOptions) => ({ ...configured, broker: other });
    const { client, server } = resolveOptions(REQUIRED, { environment, optionsOf });
    for (const part of [client, server]) {
      expect(part).toMatchObject({ source: 'bank/07070707', environment });
      expect(part.broker).toBe(other);
    }
  });

  it('reads topics of Nest by the group of the service, or by one of its own', () => {
    const nestTopicsOf = (options: object) => resolved({ ...REQUIRED, ...options }).server.nestTopics;
    const spec = { partitions: 2, configs: {} };
    const topics = { requests: { partitions: 2 } };
    expect(nestTopicsOf({ nestTopics: false })).toBeUndefined();
    expect(nestTopicsOf({ nestTopics: true, topics, delivery: { groupId: 'own' } })).toEqual({
      groupId: 'own',
      startFrom: 'latest',
      spec,
    });
    const own = { groupId: 'bank-server', startFrom: 'earliest' };
    expect(nestTopicsOf({ nestTopics: own, topics })).toEqual({ ...own, spec });
  });

  it.each([
    [{ patterns: 'all' }, "patterns: 'all' is none of serve, ignore"],
    [
      { nestTopics: true, patterns: 'ignore' },
      "nestTopics: it needs the handlers that patterns: 'ignore' leaves out",
    ],
    [{ nestTopics: 'yes' }, "nestTopics: 'yes' is not an object"],
    [{ nestTopics: { group: 'a' } }, 'nestTopics: there is no option "group": there are groupId, startFrom'],
    [
      { nestTopics: { groupId: '' } },
      "nestTopics.groupId: '' is not a group id: write text that is not empty",
    ],
    [{ nestTopics: { startFrom: 0 } }, 'nestTopics.startFrom: 0 is none of latest, earliest'],
  ])('refuses %j', (options, fault) => {
    expect(faultsOf({ ...REQUIRED, ...options })).toEqual([fault]);
  });

  it('tells the instances of a service apart', () => {
    const [one, other] = [resolved(REQUIRED), resolved(REQUIRED)];
    expect(one.client.source).toMatch(/^bank\/[0-9a-f]{8}$/);
    expect(one.server.source).toBe(one.client.source);
    expect(other.client.source).not.toBe(one.client.source);
  });

  it('follows what is said', () => {
    const serializer = { serialize: () => ({ bytes: null }), deserialize: () => undefined };
    const delivery = {
      concurrency: 1,
      maxInFlight: 2,
      commitIntervalMs: 4,
      drainTimeoutMs: 5,
      sessionTimeoutMs: 6,
    };
    const { client, server } = resolved({
      ...REQUIRED,
      topics: {
        prefix: 'staging.',
        create: false,
        requests: { partitions: 12, replicationFactor: 2, configs: { 'retention.ms': '1' } },
        replies: { partitions: 3, configs: { 'cleanup.policy': 'delete' } },
        responses: { partitions: 4 },
      },
      calls: { timeoutMs: Infinity, idleTimeoutMs: 7, onRedelivery: 'fail', frames: false, maxPending: 9 },
      delivery: { ...delivery, groupId: 'g', responseWindow: 3 },
      serializer,
    });
    expect(client).toMatchObject({ createTopics: false, serializer });
    expect(client).toMatchObject({
      timeoutMs: Infinity,
      idleTimeoutMs: 7,
      onRedelivery: 'fail',
      frames: false,
      maxPending: 9,
    });
    expect(client.replyTopic).toEqual({
      topic: 'staging.bank.replies',
      partitions: 3,
      configs: { 'retention.ms': '3600000', 'cleanup.policy': 'delete' },
    });
    expect(client.responseTopic).toEqual({ topic: 'staging.bank.responses', partitions: 4, configs: {} });
    expect(server.responseTopic).toEqual(client.responseTopic);
    expect(client.topicNames.requests('other')).toBe('staging.other.requests');
    expect(server).toMatchObject({ groupId: 'g', responseWindow: 3, delivery });
    expect(server.requestTopic).toEqual({
      topic: 'staging.bank.requests',
      partitions: 12,
      replicationFactor: 2,
      configs: { 'retention.ms': '1' },
    });
  });

  it('lets the user decide how long replies are kept', () => {
    const replies = { configs: { 'retention.ms': '60000' } };
    const { client } = resolved({ ...REQUIRED, topics: { replies } });
    expect(client.replyTopic.configs).toEqual({ 'retention.ms': '60000' });
  });

  it('takes a store of duplicates, or none', () => {
    const store = { claim: () => undefined };
    const duplicatesOf = (duplicates: DuplicateStore | false) =>
      resolved({ ...REQUIRED, delivery: { duplicates } }).server.duplicates;
    expect(duplicatesOf(store)).toBe(store);
    expect(duplicatesOf(false)).toBeUndefined();
  });

  it('lets long streams of responses push no request out of the window, but asks a store of its own for both', () => {
    const store = { claim: () => undefined };
    const storesOf = (duplicates?: DuplicateStore) => {
      const { server } = resolved({ ...REQUIRED, delivery: { duplicates } });
      return [server.duplicates, server.responseDuplicates];
    };
    const [requests, responses] = storesOf();
    expect(requests).not.toBe(responses);
    expect(storesOf(store)).toEqual([store, store]);
  });

  it('gives the group more time than a drain may take', () => {
    const { server } = resolved({ ...REQUIRED, delivery: { drainTimeoutMs: 100_000 } });
    expect(server.delivery.rebalanceTimeoutMs).toBe(130_000);
  });

  it('is frozen', () => {
    const options = resolved(REQUIRED);
    for (const part of [options, options.client, options.server, options.server.delivery]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  it('names all faults at once, each with its option', () => {
    const faults = faultsOf({
      service: 'a service',
      broker: {},
      instance: 'a/b',
      topics: {
        prefix: 'ü',
        create: 'yes',
        requests: { partitions: 0 },
        replies: { replicationFactor: 1.5 },
      },
      calls: { timeoutMs: -1, idleTimeoutMs: 0.5, onRedelivery: 'repeat', frames: 'yes', maxPending: 0 },
      delivery: {
        groupId: '',
        concurrency: 0,
        maxInFlight: '9',
        responseWindow: -1,
        commitIntervalMs: NaN,
        drainTimeoutMs: Infinity,
        maxHandlerMs: 0,
        warnAfterMs: -1,
        responseBufferBytes: 1.5,
        duplicates: { windowMs: 'long', maxRequests: 0 },
        onFailure: 'panic',
        sessionTimeoutMs: 0.5,
      },
      serializer: { serialize: () => undefined },
    });
    expect(faults.map((fault) => fault.split(':', 1)[0])).toEqual([
      'service',
      'broker',
      'instance',
      'topics.prefix',
      'topics.create',
      'topics.requests.partitions',
      'topics.replies.replicationFactor',
      'calls.timeoutMs',
      'calls.idleTimeoutMs',
      'calls.onRedelivery',
      'calls.frames',
      'calls.maxPending',
      'delivery.groupId',
      'delivery.concurrency',
      'delivery.maxInFlight',
      'delivery.responseWindow',
      'delivery.commitIntervalMs',
      'delivery.drainTimeoutMs',
      'delivery.maxHandlerMs',
      'delivery.warnAfterMs',
      'delivery.responseBufferBytes',
      'delivery.duplicates.windowMs',
      'delivery.duplicates.maxRequests',
      'delivery.onFailure',
      'delivery.sessionTimeoutMs',
      'serializer',
    ]);
  });

  it.each([
    [{ ...REQUIRED, service: undefined }, 'service: undefined is not a service name'],
    [{ ...REQUIRED, broker: undefined }, 'write kafkajs({ brokers: ["localhost:9092"] }) or memory()'],
    [{ ...REQUIRED, broker: null }, 'broker: it is not a driver'],
    [{ ...REQUIRED, instance: '' }, 'write 1 to 100 characters without "/" and white space'],
    [{ ...REQUIRED, topics: { prefix: 'a'.repeat(41) } }, 'cannot begin a topic'],
    [{ ...REQUIRED, calls: { timeoutMs: 0 } }, 'write whole milliseconds from 1 to 2147483647, or Infinity'],
    [
      { ...REQUIRED, calls: { onRedelivery: 'x' } },
      "'x' is no choice: write 'continue', 'restart' or 'fail'",
    ],
    [{ ...REQUIRED, delivery: { concurrency: 1.5 } }, '1.5 is not a whole number from 1 on'],
    [{ ...REQUIRED, serializer: null }, 'serializer: it has no methods'],
    [{ ...REQUIRED, delivery: { drainTimeoutMs: 2 ** 31 } }, 'is more than a timer takes'],
    [{ ...REQUIRED, delivery: { duplicates: null } }, 'null is not an object'],
    [{ ...REQUIRED, delivery: { duplicates: { begin: 1 } } }, 'a store of your own has a method "claim"'],
    [{ ...REQUIRED, delivery: { onFailure: 'x' } }, "'x' is none of restart, exit, report"],
    [{ ...REQUIRED, delivery: { duplicates: { window: 1 } } }, 'there are windowMs, maxRequests'],
    [undefined, 'the options: undefined is not an object'],
    [null, 'the options: null is not an object'],
    [
      { ...REQUIRED, delivery: { retry: { attempts: 0 } } },
      'delivery.retry.attempts: 0 is not a whole number from 1',
    ],
    [{ ...REQUIRED, delivery: { retry: { tries: 1 } } }, 'delivery.retry: there is no option "tries"'],
    [{ ...REQUIRED, delivery: null }, 'delivery: null is not an object'],
    [{ ...REQUIRED, topics: { requests: null } }, 'topics.requests: null is not an object'],
    [{ ...REQUIRED, topics: { responses: 6 } }, 'topics.responses: 6 is not an object'],
    [
      { ...REQUIRED, topics: { responses: { partitions: 0 } } },
      'topics.responses.partitions: 0 is not a whole',
    ],
    [{ ...REQUIRED, delivery: { concurency: 1 } }, 'delivery: there is no option "concurency"'],
  ])('says what to write instead of %p', (options, message) => {
    const faults = faultsOf(options);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(message);
  });

  it('makes topic names that Kafka takes of the longest prefix and service', () => {
    const options = { ...REQUIRED, service: 'a'.repeat(200), topics: { prefix: 'p'.repeat(40) } };
    const { client, server } = resolved(options);
    for (const { topic } of [client.replyTopic, server.requestTopic]) expect(topic.length).toBeLessThan(250);
  });
});
