import { expect, it } from '@jest/globals';
import { BrokerError } from '../../../lib/broker/broker-error.js';
import type { ConsumerState } from '../../../lib/broker/consumer.js';
import { commonState } from '../../../lib/server/common-state.js';

function setUp(count: number) {
  const told: [ConsumerState, BrokerError | undefined][] = [];
  const onStateOf = commonState(count, (state, error) => told.push([state, error]));
  return { told, consumers: Array.from({ length: count }, (_, index) => onStateOf(index)) };
}

const away = new BrokerError('unavailable', 'away', { retriable: true });

it('runs when all of the consumers run', () => {
  const { told, consumers } = setUp(2);
  consumers[0]('running');
  consumers[1]('running');
  expect(told.map(([state]) => state)).toEqual(['starting', 'running']);
});

it.each<[ConsumerState, ConsumerState, ConsumerState]>([
  ['running', 'rebalancing', 'rebalancing'],
  ['rebalancing', 'starting', 'starting'],
  ['starting', 'unavailable', 'unavailable'],
  ['unavailable', 'failed', 'failed'],
  ['closed', 'running', 'running'],
  ['closed', 'closed', 'closed'],
])('is, of %s and %s, %s', (one, other, common) => {
  for (const [first, second] of [
    [one, other],
    [other, one],
  ]) {
    const { told, consumers } = setUp(2);
    consumers[0](first);
    consumers[1](second);
    expect(told.at(-1)).toEqual([common, undefined]);
  }
});

it('says why with the reason of the consumer that is worst off, until that has recovered', () => {
  const { told, consumers } = setUp(2);
  consumers[0]('running');
  consumers[1]('unavailable', away);
  consumers[0]('rebalancing');
  expect(told.slice(1)).toEqual([
    ['unavailable', away],
    ['unavailable', away],
  ]);
  consumers[1]('running');
  expect(told.at(-1)).toEqual(['rebalancing', undefined]);
});

it('is the state of the only one', () => {
  const { told, consumers } = setUp(1);
  consumers[0]('unavailable', away);
  expect(told).toEqual([['unavailable', away]]);
});
