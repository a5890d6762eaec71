import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { BrokerError } from '../../../lib/broker/broker-error.js';
import { ensureTopic } from '../../../lib/broker/ensure-topic.js';
import { retryUntilReachable } from '../../../lib/broker/retry.js';
import type { Environment } from '../../../lib/environment/environment.js';
import { systemEnvironment } from '../../../lib/environment/system-environment.js';
import { turn } from '../support/scripted-producer.js';
import { StubAdmin, topicOf } from '../support/stub-admin.js';

const unavailable = new BrokerError('unavailable', 'no broker', { retriable: true });
const spec = { topic: 't', partitions: 3 };

let stopping: AbortController;
/** How long it was to wait each time. It waits no longer than a turn, or, where time stands still, for ever. */
let pauses: number[];
let timeStandsStill: boolean;
let chance: number;
const environment: Environment = {
  ...systemEnvironment,
  random: () => chance,
  setTimeout: (task, ms) => {
    pauses.push(ms);
    return timeStandsStill ? { refresh: () => undefined } : systemEnvironment.setTimeout(task, 0);
  },
};

beforeEach(() => {
  stopping = new AbortController();
  pauses = [];
  timeStandsStill = false;
  chance = 1;
});

describe('ensureTopic', () => {
  const ensure = (admin: StubAdmin, create = true, onUnavailable?: (error: BrokerError) => void) =>
    ensureTopic(admin.asAdmin, spec, { environment, create, signal: stopping.signal, onUnavailable });

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
    retryUntilReachable(operation, { environment, signal: stopping.signal });

  it('brings the result of the operation', async () => {
    expect(await retry(failing(unavailable, 0))).toBe('done');
    expect(pauses).toEqual([]);
  });

  it('waits longer each time, up to half a second', async () => {
    expect(await retry(failing(unavailable, 8))).toBe('done');
    expect(pauses).toEqual([100, 200, 400, 500, 500, 500, 500, 500]);
  });

  it('waits at least half of that', async () => {
    chance = 0;
    await retry(failing(unavailable, 2));
    expect(pauses).toEqual([50, 100]);
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
    timeStandsStill = true;
    const operation = failing(unavailable, 9);
    const outcome = retry(operation).catch((error: unknown) => error);
    await turn();
    stopping.abort();
    expect(await outcome).toBe(unavailable);
    expect(operation).toHaveBeenCalledTimes(1);
  });

  it('does not wait at all where it was told before', async () => {
    stopping.abort();
    await expect(retry(failing(unavailable, 9))).rejects.toBe(unavailable);
    expect(pauses).toEqual([]);
  });
});
