import { describe, expect, it } from '@jest/globals';
import { Faults } from '../../../lib/testing/faults.js';
import { message } from './messages.js';

const response = message({ kind: 'response', from: 'bank', to: 'shop', endpoint: '/money', value: { a: 1 } });
const request = message({ endpoint: '/money' });

describe('faults', () => {
  it('are none, at first and when they are cleared', () => {
    const faults = new Faults(() => 0);
    const seen = () => [faults.areSet, faults.delayOf([request]), faults.isDuplicated([request])];
    expect(seen()).toEqual([false, 0, false]);
    faults.delay(5);
    faults.duplicate({}, 1);
    expect(seen()).toEqual([true, 5, true]);
    faults.clear();
    expect(seen()).toEqual([false, 0, false]);
  });

  it('go for messages that are equal in all that is given; of several rules the last goes', () => {
    const faults = new Faults(() => 0);
    faults.delay(1);
    faults.delay(2, { kind: 'response', endpoint: 'money', value: { a: 1 } });
    faults.delay(3, { from: 'nobody', kind: 'response' });
    expect([request, response].map((each) => faults.delayOf([each]))).toEqual([1, 2]);
    // A record of several messages is late if one of them is meant.
    expect(faults.delayOf([request, response])).toBe(2);
    faults.delay(0, { kind: 'response' });
    expect(faults.delayOf([response])).toBe(0);
  });

  it('are by chance between two bounds, both included', () => {
    const delays = [0, 0.5, 0.999].map((chance) => {
      const faults = new Faults(() => chance);
      faults.delay({ min: 10, max: 20 });
      return faults.delayOf([request]);
    });
    expect(delays).toEqual([10, 15, 20]);
  });

  it('come true with their probability', () => {
    let chance = 0;
    const faults = new Faults(() => chance);
    faults.duplicate({}, 0.5);
    const seen = [0, 0.49, 0.5, 0.99].map((each) => {
      chance = each;
      return faults.isDuplicated([request]);
    });
    expect(seen).toEqual([true, true, false, false]);
    faults.duplicate({}, 0);
    chance = 0;
    expect(faults.isDuplicated([request])).toBe(false);
  });

  it('tell of each stop and start of the broker once, until nobody wants to hear', () => {
    const faults = new Faults(() => 0);
    const heard: boolean[] = [];
    const forget = faults.onBroker((isStopped) => heard.push(isStopped));
    for (const stopped of [false, true, true, false]) faults.setBrokerStopped(stopped);
    forget();
    faults.setBrokerStopped(true);
    expect(heard).toEqual([true, false]);
    expect(faults.brokerIsStopped).toBe(true);
  });
});
