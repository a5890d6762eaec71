import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { MAX_REMEMBERED_SPAN } from '../../../lib/delivery/completed-offsets.js';
import { systemEnvironment } from '../../../lib/environment/system-environment.js';
import { OwnedPartition } from '../../../lib/server/owned-partition.js';
import { IDLE_INTAKE } from './idle-intake.js';

function ownerOf(...offsets: bigint[]): OwnedPartition {
  const owned = new OwnedPartition(
    { topic: 't', partition: 0, offset: 0n, metadata: '', epoch: 1 },
    IDLE_INTAKE,
    systemEnvironment,
  );
  for (const offset of offsets) owned.tracker.add(offset);
  return owned;
}

describe('what OwnedPartition commits', () => {
  it('is taken once, and again when it has moved', () => {
    const owned = ownerOf(0n, 1n);
    expect(owned.takeUncommitted()).toBeUndefined();
    owned.settle(0n);
    expect(owned.takeUncommitted()).toEqual({ offset: 1n, metadata: '' });
    expect(owned.takeUncommitted()).toBeUndefined();
    owned.settle(1n);
    expect(owned.takeUncommitted()).toEqual({ offset: 2n, metadata: '' });
  });

  it('is taken again where the commit has failed', () => {
    const owned = ownerOf(0n);
    owned.settle(0n);
    owned.takeUncommitted();
    owned.notCommitted();
    expect(owned.takeUncommitted()).toEqual({ offset: 1n, metadata: '' });
  });

  it('tells the next owner what is done behind a request that is not', () => {
    const owned = ownerOf(0n, 1n, 2n, 3n);
    owned.settle(1n);
    owned.settle(3n);
    const committed = owned.takeUncommitted();
    expect(committed?.offset).toBe(0n);
    const next = new OwnedPartition(
      {
        topic: 't',
        partition: 0,
        offset: 0n,
        metadata: '',
        epoch: 1,
        ...committed,
      },
      IDLE_INTAKE,
      systemEnvironment,
    );
    expect([0n, 1n, 2n, 3n].map((offset) => next.tracker.add(offset))).toEqual([true, false, true, false]);
  });

  it('stands still after an abort', () => {
    const owned = ownerOf(0n);
    owned.abort();
    owned.settle(0n);
    expect(owned.takeUncommitted()).toBeUndefined();
  });
});

describe('how far OwnedPartition goes ahead of its oldest request', () => {
  it('is as far as a commit can tell, and on again from half of it', () => {
    const owned = ownerOf();
    for (let offset = 0; offset < MAX_REMEMBERED_SPAN - 1; offset += 1) owned.tracker.add(BigInt(offset));
    expect([owned.isHeldBackNow(), owned.heldBack]).toEqual([false, false]);
    owned.tracker.add(BigInt(MAX_REMEMBERED_SPAN - 1));
    expect([owned.isHeldBackNow(), owned.heldBack]).toEqual([true, true]);
    expect([owned.isHeldBackNow(), owned.heldBack]).toEqual([false, true]);
    for (let offset = 0; offset < MAX_REMEMBERED_SPAN / 2; offset += 1) owned.settle(BigInt(offset));
    expect([owned.isHeldBackNow(), owned.heldBack]).toEqual([false, false]);
  });
});

describe('what OwnedPartition runs', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('is waited for when it drains, all of it', async () => {
    const owned = ownerOf();
    const drained = jest.fn();
    expect([owned.begin(), owned.begin()]).toEqual([true, true]);
    const drain = owned.drain(1_000).then(drained);
    owned.end();
    await jest.advanceTimersByTimeAsync(999);
    expect(drained).not.toHaveBeenCalled();
    owned.end();
    await drain;
    expect(jest.getTimerCount()).toBe(0);
  });

  it('is not waited for longer than it may take', async () => {
    const owned = ownerOf();
    owned.begin();
    const drain = owned.drain(1_000);
    await jest.advanceTimersByTimeAsync(1_000);
    await drain;
    expect(owned.gone.aborted).toBe(false);
  });

  it('is not waited for once it is over', async () => {
    const owned = ownerOf();
    owned.begin();
    owned.end();
    await owned.drain(1_000);
  });

  it('is nothing more once it drains or was aborted', async () => {
    const [draining, aborted] = [ownerOf(), ownerOf()];
    await draining.drain(1);
    aborted.abort();
    expect([draining.begin(), aborted.begin()]).toEqual([false, false]);
    expect([draining.gone.aborted, aborted.gone.aborted]).toEqual([false, true]);
  });
});
