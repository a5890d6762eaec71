import { expect, it } from '@jest/globals';
import { BrokerError } from '../../../lib/broker/broker-error.js';
import { ClientEvents } from '../../../lib/client/client-events.js';

it('events of a client are its states, and their errors', () => {
  const faults: unknown[] = [];
  const events = new ClientEvents((fault) => faults.push(fault));
  const told: unknown[] = [];
  const fault = new Error('a listener that fails');
  events.add('state', () => {
    throw fault;
  });
  events.add('state', (...state) => told.push(state));
  events.add('error', (error) => told.push(error));
  const error = new BrokerError('unavailable', 'It is away');

  events.stateChanged('unavailable', error);
  events.stateChanged('running');

  expect(told).toEqual([['unavailable', error], error, ['running', undefined]]);
  expect(faults).toEqual([fault, fault]);
});
