import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { OwnedPartition } from '../../../lib/server/owned-partition.js';
import { deferred } from '../support/deferred.js';

function ownerOf(...offsets: bigint[]): OwnedPartition {
  const owned = new OwnedPartition();
  for (const offset of offsets) owned.tracker.add(offset);
  return owned;
}

describe('what OwnedPartition commits', () => {
  it('is taken once, and again when it has moved', () => {
    const owned = ownerOf(0n, 1n);
    expect(owned.takeUncommitted()).toBeUndefined();
    owned.settle(0n);
    expect([owned.takeUncommitted(), owned.takeUncommitted()]).toEqual([1n, undefined]);
    owned.settle(1n);
    expect(owned.takeUncommitted()).toBe(2n);
  });

  it('is taken again where the commit has failed', () => {
    const owned = ownerOf(0n);
    owned.settle(0n);
    owned.notCommitted(owned.takeUncommitted()!);
    expect(owned.takeUncommitted()).toBe(1n);
  });

  it('does not go back where an earlier commit has failed', () => {
    const owned = ownerOf(0n, 1n);
    owned.settle(0n);
    const earlier = owned.takeUncommitted()!;
    owned.settle(1n);
    owned.takeUncommitted();
    owned.notCommitted(earlier);
    expect(owned.takeUncommitted()).toBeUndefined();
  });

  it('stands still after an abort', () => {
    const owned = ownerOf(0n);
    owned.abort();
    owned.settle(0n);
    expect(owned.takeUncommitted()).toBeUndefined();
  });
});

describe('what OwnedPartition runs', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('is waited for when it drains', async () => {
    const owned = ownerOf();
    const work = deferred();
    const drained = jest.fn();
    void owned.run(() => work.promise);
    const drain = owned.drain(1_000).then(drained);
    await jest.advanceTimersByTimeAsync(999);
    expect(drained).not.toHaveBeenCalled();
    work.resolve();
    await drain;
    expect(jest.getTimerCount()).toBe(0);
  });

  it('is not waited for longer than it may take', async () => {
    const owned = ownerOf();
    void owned.run(() => deferred().promise);
    const drain = owned.drain(1_000);
    await jest.advanceTimersByTimeAsync(1_000);
    await drain;
    expect(owned.signal.aborted).toBe(false);
  });

  it('is not waited for once it is over', async () => {
    const owned = ownerOf();
    await owned.run(async () => undefined);
    await owned.drain(1_000);
  });

  it('is nothing more once it drains or was aborted', async () => {
    const [draining, aborted] = [ownerOf(), ownerOf()];
    await draining.drain(1);
    aborted.abort();
    const work = jest.fn(async () => undefined);
    await draining.run(work);
    await aborted.run(work);
    expect(work).not.toHaveBeenCalled();
  });

  it('is told when the partition goes, but not when it is over', async () => {
    const owned = ownerOf();
    const ended = await owned.attempt(async (controller) => controller);
    const failed: AbortController[] = [];
    const failing = owned.attempt((controller) => {
      failed.push(controller);
      return Promise.reject(new Error('no'));
    });
    await expect(failing).rejects.toThrow('no');
    let running: AbortController | undefined;
    void owned.attempt((controller) => {
      running = controller;
      return deferred().promise;
    });
    owned.abort();
    expect([ended, ...failed, running!].map(({ signal }) => signal.aborted)).toEqual([false, false, true]);
    expect(owned.signal.aborted).toBe(true);
  });

  it('may abort one attempt alone', async () => {
    const owned = ownerOf();
    await owned.attempt(async (controller) => controller.abort());
    expect(owned.signal.aborted).toBe(false);
  });
});
