import { describe, expect, it } from '@jest/globals';
import { Deliveries, type Expected, type Handled } from '../../../lib/testing/deliveries.js';

const place = { topic: 't', partition: 0, offset: 0n };
const served: Handled = { group: 'g', as: 'served' };
const expected = (group = 'g', offset = 0n): Expected => ({
  group,
  place: { ...place, offset },
  sent: {} as Expected['sent'],
});

/** Whether it is by now. */
async function isSettled(work: Promise<unknown>): Promise<boolean> {
  const not = Symbol('not yet');
  const turn = new Promise((resolve) => void setImmediate(() => resolve(not)));
  return (await Promise.race([work, turn])) !== not;
}

describe('deliveries', () => {
  it('are open from when they are expected until they have ended, each group by itself', () => {
    const deliveries = new Deliveries();
    deliveries.expect(expected('g'));
    deliveries.expect(expected('h'));
    deliveries.end('g', place, served);
    expect(deliveries.open).toEqual([expected('h')]);
  });

  it('may have ended before they are expected: the acknowledgement comes behind the record', async () => {
    const deliveries = new Deliveries();
    deliveries.end('g', place, served);
    deliveries.expect(expected());
    expect(deliveries.open).toEqual([]);
    expect(await deliveries.ended('g', place)).toBe(served);
    await deliveries.allEnded();
  });

  it('tell all who wait how they have ended', async () => {
    const deliveries = new Deliveries();
    const waiting = [deliveries.ended('g', place), deliveries.ended('g', place)];
    const another = deliveries.ended('g', { ...place, offset: 1n });
    deliveries.end('g', place, served);
    expect(await Promise.all(waiting)).toEqual([served, served]);
    expect(await isSettled(another)).toBe(false);
  });

  it('have all ended when none is open, and nothing is on its way', async () => {
    const deliveries = new Deliveries();
    const arrived = deliveries.sendingStarted();
    const arrivedToo = deliveries.sendingStarted();
    const all = deliveries.allEnded();
    deliveries.expect(expected());
    arrived();
    // Who says it twice has not said it for the other.
    arrived();
    deliveries.end('g', place, served);
    expect(await isSettled(all)).toBe(false);
    arrivedToo();
    expect(await isSettled(all)).toBe(true);
  });

  it('go on to be waited for when the end of one leads to another', async () => {
    const deliveries = new Deliveries();
    deliveries.expect(expected());
    const all = deliveries.allEnded();
    deliveries.end('g', place, served);
    deliveries.expect(expected('g', 1n));
    expect(await isSettled(all)).toBe(false);
    deliveries.end('g', { ...place, offset: 1n }, served);
    expect(await isSettled(all)).toBe(true);
  });
});
