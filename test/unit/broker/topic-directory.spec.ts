import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { BrokerError } from '../../../lib/broker/broker-error.js';
import { TopicDirectory } from '../../../lib/broker/topic-directory.js';
import { systemEnvironment } from '../../../lib/environment/system-environment.js';
import { deferred } from '../support/deferred.js';
import { StubAdmin, topicOf } from '../support/stub-admin.js';

describe('TopicDirectory', () => {
  const setUp = () => {
    const admin = new StubAdmin(topicOf('t', 6));
    return { admin, directory: new TopicDirectory(admin.asAdmin, systemEnvironment) };
  };

  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('asks once, also where two want to know at once', async () => {
    const { admin, directory } = setUp();
    const both = [directory.partitionsOf('t'), directory.partitionsOf('t')];
    expect(await Promise.all(both)).toEqual([6, 6]);
    expect(await directory.partitionsOf('t')).toBe(6);
    expect(admin.describeTopics).toHaveBeenCalledTimes(1);
  });

  it('asks again after a minute', async () => {
    const { admin, directory } = setUp();
    await directory.partitionsOf('t');
    admin.topics[0] = topicOf('t', 12);
    jest.advanceTimersByTime(59_999);
    expect(await directory.partitionsOf('t')).toBe(6);
    jest.advanceTimersByTime(1);
    expect(await directory.partitionsOf('t')).toBe(12);
  });

  it('asks again for a topic that was not there', async () => {
    const { admin, directory } = setUp();
    expect(await directory.partitionsOf('new')).toBeUndefined();
    admin.topics.push(topicOf('new', 3));
    expect(await directory.partitionsOf('new')).toBe(3);
  });

  it('does not remember failures', async () => {
    const { admin, directory } = setUp();
    const error = new BrokerError('unavailable', 'gone', { retriable: true });
    admin.describeTopics.mockRejectedValueOnce(error);
    await expect(directory.partitionsOf('t')).rejects.toBe(error);
    expect(await directory.partitionsOf('t')).toBe(6);
  });

  it('goes by what it knows while the broker cannot be reached', async () => {
    const { admin, directory } = setUp();
    await directory.partitionsOf('t');
    jest.advanceTimersByTime(60_000);
    admin.describeTopics.mockRejectedValueOnce(new BrokerError('unavailable', 'gone', { retriable: true }));
    expect(await directory.partitionsOf('t')).toBe(6);
    const refused = new BrokerError('authorization-failed', 'no');
    jest.advanceTimersByTime(60_000);
    admin.describeTopics.mockRejectedValueOnce(refused);
    await expect(directory.partitionsOf('t')).rejects.toBe(refused);
  });

  it('forgets when it is told, also while it is asking', async () => {
    const { admin, directory } = setUp();
    const before = directory.partitionsOf('t');
    directory.forget('t');
    admin.topics[0] = topicOf('t', 12);
    expect([await before, await directory.partitionsOf('t')]).toEqual([6, 12]);
  });

  it('keeps a newer answer when an older question fails', async () => {
    const { admin, directory } = setUp();
    const old = deferred<never>();
    admin.describeTopics.mockReturnValueOnce(old.promise);
    const failing = directory.partitionsOf('t').catch((error: Error) => error.message);
    directory.forget('t');
    await directory.partitionsOf('t');
    old.reject(new Error('late'));
    expect(await failing).toBe('late');
    await directory.partitionsOf('t');
    expect(admin.describeTopics).toHaveBeenCalledTimes(2);
  });
});
