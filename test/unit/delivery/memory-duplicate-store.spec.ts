import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MemoryDuplicateStore } from '../../../lib/delivery/memory-duplicate-store.js';

function storeOf({ windowMs = 1_000, maxRequests = 100 } = {}) {
  const clock = { ms: 0 };
  return { clock, store: new MemoryDuplicateStore({ windowMs, maxRequests }, () => clock.ms) };
}

describe('MemoryDuplicateStore', () => {
  it('claims a request once while it runs, however long that takes', () => {
    const { store, clock } = storeOf();
    expect(store.claim('q')).toBeDefined();
    clock.ms = 1_000_000;
    expect(store.claim('q')).toBeUndefined();
  });

  it('remembers what has ended for its window, counted from the end', () => {
    const { store, clock } = storeOf();
    const claim = store.claim('q');
    clock.ms = 5_000;
    claim?.done();
    clock.ms = 6_000;
    expect(store.claim('q')).toBeUndefined();
    clock.ms = 6_001;
    expect(store.claim('q')).toBeDefined();
  });

  it('lets go of what was released', () => {
    const { store } = storeOf();
    store.claim('q')?.release();
    expect(store.claim('q')).toBeDefined();
  });

  it('takes the word of a claim once', () => {
    const { store } = storeOf();
    const first = store.claim('q');
    first?.release();
    const second = store.claim('q');
    first?.done();
    expect(store.claim('q')).toBeUndefined();
    second?.release();
    expect(store.claim('q')).toBeDefined();
  });

  it('forgets the oldest that have ended when there are too many, never what runs', () => {
    const { store } = storeOf({ maxRequests: 2 });
    const running = store.claim('running');
    for (const id of ['1', '2', '3']) store.claim(id)?.done();
    expect(store.claim('1')).toBeDefined();
    expect(store.claim('3')).toBeUndefined();
    expect(store.claim('running')).toBeUndefined();
    running?.done();
  });

  it('is bounded, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(50), fc.boolean(), fc.nat(300))), (steps) => {
        const { store, clock } = storeOf({ maxRequests: 5 });
        for (const [id, done, laterMs] of steps) {
          const claim = store.claim(`${id}`);
          if (done) claim?.done();
          else claim?.release();
          clock.ms += laterMs;
          expect(store.size).toBeLessThanOrEqual(6);
        }
      }),
    );
  });
});
