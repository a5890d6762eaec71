import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { BrokerError } from '../../../lib/broker/broker-error.js';
import { deferred } from '../support/deferred.js';
import { StubAdmin, topicOf } from '../support/stub-admin.js';

const sleep = jest.fn<(ms: number, value: undefined, options: { signal: AbortSignal }) => Promise<void>>();
jest.unstable_mockModule('node:timers/promises', () => ({ setTimeout: sleep }));
const { ensureTopic } = await import('../../../lib/broker/ensure-topic.js');
const { retryUntilReachable } = await import('../../../lib/broker/retry.js');

const unavailable = new BrokerError('unavailable', 'no broker', { retriable: true });
const spec = { topic: 't', partitions: 3 };

let stopping: AbortController;

beforeEach(() => {
  stopping = new AbortController();
  sleep.mockReset().mockResolvedValue(undefined);
});

afterEach(() => void jest.restoreAllMocks());

describe('ensureTopic', () => {
  const ensure = (admin: StubAdmin, create = true, onUnavailable?: (error: BrokerError) => void) =>
    ensureTopic(admin.asAdmin, spec, { create, signal: stopping.signal, onUnavailable });

  it('leaves an existing topic as it is', async () => {
    const admin = new StubAdmin(topicOf('t', 99));
    await ensure(admin);
    expect(admin.createTopics).not.toHaveBeenCalled();
  });

  it('creates a missing one', async () => {
    const admin = new StubAdmin();
    await ensure(admin);
    expect(admin.createTopics).toHaveBeenCalledWith([spec]);
  });

  it('says what to do where it may not create', async () => {
    const admin = new StubAdmin();
    await expect(ensure(admin, false)).rejects.toMatchObject({
      code: 'unknown-topic',
      message: expect.stringMatching(/"t" does not exist.*topics\.create.*with 3 partitions/),
    });
    expect(admin.createTopics).not.toHaveBeenCalled();
  });

  it('waits for the broker, and tells each time', async () => {
    const admin = new StubAdmin();
    admin.describeTopics.mockRejectedValueOnce(unavailable);
    admin.createTopics.mockRejectedValueOnce(unavailable);
    const onUnavailable = jest.fn();
    await ensure(admin, true, onUnavailable);
    expect(onUnavailable.mock.calls).toEqual([[unavailable], [unavailable]]);
    expect(admin.createTopics).toHaveBeenCalledTimes(2);
  });
});

describe('retryUntilReachable', () => {
  const failing = (error: unknown, times: number) => {
    const operation = jest.fn(async () => 'done');
    for (let time = 0; time < times; time += 1) operation.mockRejectedValueOnce(error);
    return operation;
  };
  const retry = (operation: () => Promise<string>) =>
    retryUntilReachable(operation, { signal: stopping.signal });
  const pauses = () => sleep.mock.calls.map(([ms]) => ms);

  it('brings the result of the operation', async () => {
    expect(await retry(failing(unavailable, 0))).toBe('done');
    expect(pauses()).toEqual([]);
  });

  it('waits longer each time, up to five seconds', async () => {
    jest.spyOn(Math, 'random').mockReturnValue(1);
    expect(await retry(failing(unavailable, 8))).toBe('done');
    expect(pauses()).toEqual([100, 200, 400, 500, 500, 500, 500, 500]);
  });

  it('waits at least half of that', async () => {
    jest.spyOn(Math, 'random').mockReturnValue(0);
    await retry(failing(unavailable, 2));
    expect(pauses()).toEqual([50, 100]);
  });

  it.each([new BrokerError('authentication-failed', 'no'), new Error('a bug'), 'text'])(
    'does not repeat what fails with %p',
    async (error) => {
      const operation = failing(error, 1);
      await expect(retry(operation)).rejects.toBe(error);
      expect(operation).toHaveBeenCalledTimes(1);
    },
  );

  it('stops waiting when it is told', async () => {
    sleep.mockImplementation((_ms, _value, { signal }) => {
      const { promise, reject } = deferred();
      signal.addEventListener('abort', () => reject(signal.reason as Error));
      return promise;
    });
    const operation = failing(unavailable, 9);
    const outcome = retry(operation).catch((error: unknown) => error);
    await Promise.resolve();
    stopping.abort();
    expect(await outcome).toBe(unavailable);
    expect(operation).toHaveBeenCalledTimes(1);
  });

  it('does not wait at all where it was told before', async () => {
    stopping.abort();
    await expect(retry(failing(unavailable, 9))).rejects.toBe(unavailable);
    expect(pauses()).toEqual([]);
  });
});
