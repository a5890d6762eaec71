import { expect, it } from '@jest/globals';
import { BrokerError } from '../../../lib/broker/broker-error.js';
import type { ConsumerState } from '../../../lib/broker/consumer.js';
import { StateChanges } from '../../../lib/broker/state-changes.js';

const away = new BrokerError('unavailable', 'away', { retriable: true });
const refused = new BrokerError('authentication-failed', 'refused', { retriable: true });
const forbidden = new BrokerError('authorization-failed', 'forbidden');

function toldOf(reports: readonly (readonly [ConsumerState, BrokerError?])[]) {
  const told: unknown[] = [];
  const changes = new StateChanges((state, error) => told.push([state, error]));
  for (const [state, error] of reports) changes.report(state, error);
  return told;
}

it('passes each change on once', () => {
  const told = toldOf([
    ['starting'],
    ['starting'],
    ['unavailable', away],
    ['unavailable', away],
    ['running'],
  ]);
  expect(told).toEqual([
    ['starting', undefined],
    ['unavailable', away],
    ['running', undefined],
  ]);
});

it('passes on a reason that says more, and does not go back to the one that says less', () => {
  const told = toldOf([
    ['unavailable', away],
    ['unavailable', refused],
    ['unavailable', away],
    ['unavailable', refused],
    ['unavailable', forbidden],
  ]);
  expect(told).toEqual([
    ['unavailable', away],
    ['unavailable', refused],
    ['unavailable', forbidden],
  ]);
});

it('begins anew with the next state', () => {
  const told = toldOf([['unavailable', refused], ['running'], ['unavailable', refused]]);
  expect(told).toHaveLength(3);
});
