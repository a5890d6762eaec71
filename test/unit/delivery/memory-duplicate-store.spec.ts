import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MemoryDuplicateStore } from '../../../lib/delivery/memory-duplicate-store.js';

function storeOf({ windowMs = 1_000, maxRequests = 100 } = {}) {
  const clock = { ms: 0 };
  return { clock, store: new MemoryDuplicateStore({ windowMs, maxRequests }, { now: () => clock.ms }) };
}

describe('MemoryDuplicateStore', () => {
  it('claims a request once while it runs, however long that takes', () => {
    const { store, clock } = storeOf();
    expect(store.claim('q', 't[0]@1')).toBeDefined();
    clock.ms = 1_000_000;
    expect(store.claim('q', 't[0]@2')).toBeUndefined();
  });

  it('remembers what has ended for its window, counted from the end', () => {
    const { store, clock } = storeOf();
    const claim = store.claim('q', 't[0]@1');
    clock.ms = 5_000;
    claim?.done();
    clock.ms = 6_000;
    expect(store.claim('q', 't[0]@1')).toBeUndefined();
    clock.ms = 6_001;
    expect(store.claim('q', 't[0]@1')).toBeDefined();
  });

  it('says what has ended, for its window', () => {
    const { store, clock } = storeOf();
    const claim = store.claim('q', 't[0]@1');
    expect(store.hasEnded('q')).toBe(false);
    claim?.done();
    clock.ms = 1_000;
    expect(store.hasEnded('q')).toBe(true);
    clock.ms = 1_001;
    expect(store.hasEnded('q')).toBe(false);
  });

  it('lets go of what was released', () => {
    const { store } = storeOf();
    store.claim('q', 't[0]@1')?.release();
    expect(store.claim('q', 't[0]@1')).toBeDefined();
  });

  it('lets the same record be claimed anew; the earlier claim then has no say any more', () => {
    const { store } = storeOf();
    const first = store.claim('q', 't[0]@1');
    const second = store.claim('q', 't[0]@1');
    expect(second).toBeDefined();
    first?.done();
    expect(store.claim('q', 't[0]@2')).toBeUndefined();
    second?.release();
    expect(store.claim('q', 't[0]@2')).toBeDefined();
  });

  it('forgets the oldest that have ended when there are too many, never what runs', () => {
    const { store } = storeOf({ maxRequests: 2 });
    const running = store.claim('running', 't[0]@1');
    for (const id of ['1', '2', '3']) store.claim(id, 't[0]@1')?.done();
    expect(store.claim('1', 't[0]@1')).toBeDefined();
    expect(store.claim('3', 't[0]@1')).toBeUndefined();
    expect(store.claim('running', 't[0]@2')).toBeUndefined();
    running?.done();
  });

  it('is bounded, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(50), fc.boolean(), fc.nat(300))), (steps) => {
        const { store, clock } = storeOf({ maxRequests: 5 });
        for (const [id, done, laterMs] of steps) {
          const claim = store.claim(`${id}`, 't[0]@1');
          if (done) claim?.done();
          else claim?.release();
          clock.ms += laterMs;
          expect(store.size).toBeLessThanOrEqual(6);
        }
      }),
    );
  });
});
