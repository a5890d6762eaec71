import { expect, it } from '@jest/globals';
import { BrokerError } from '../../../lib/broker/broker-error.js';
import { systemEnvironment } from '../../../lib/environment/system-environment.js';
import { StateHistory } from '../../../lib/broker/state-history.js';

it('notes each state with its time, its last error, and since when it is not settled', () => {
  let now = 0;
  const history = new StateHistory({ ...systemEnvironment, now: () => now });
  const error = new BrokerError('unavailable', 'nobody answers', { retriable: true });
  const at = (time: number, ...[state, why]: Parameters<StateHistory['report']>) => {
    now = time;
    history.report(state, why);
    const { lastError, ...rest } = history.health;
    return { ...rest, errorAt: lastError?.at };
  };
  const none = { errorAt: undefined, settledAt: undefined };
  expect(history.health).toMatchObject({ state: 'starting', since: 0, unsettledSince: 0 });
  expect(at(1, 'rebalancing')).toEqual({ state: 'rebalancing', since: 1, unsettledSince: 0, ...none });
  expect(at(2, 'running')).toEqual({
    state: 'running',
    since: 2,
    unsettledSince: undefined,
    settledAt: 2,
    errorAt: undefined,
  });
  expect(at(3, 'running', error)).toMatchObject({ state: 'running', since: 2, errorAt: 3 });
  expect(at(4, 'unavailable', error)).toMatchObject({ since: 4, settledAt: 2, errorAt: 4 });
  // An outage is not among the time in which it could have settled.
  expect(at(9, 'rebalancing')).toMatchObject({ since: 9, unsettledSince: 9, settledAt: 2, errorAt: 4 });
});
