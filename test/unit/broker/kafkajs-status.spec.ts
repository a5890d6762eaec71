import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { BrokerError } from '../../../lib/broker/broker-error.js';
import { ConsumerStatus } from '../../../lib/broker/kafkajs/consumer-status.js';
import { connectionError } from '../../../lib/broker/kafkajs/connection-error.js';
import { refused, undecodable } from '../../../lib/broker/kafkajs/errors.js';

const NOT_LEADER = 6;
const GROUP_LOADING = 14;

let told: string[];
let status: ConsumerStatus;

beforeEach(() => {
  jest.useFakeTimers();
  told = [];
  status = new ConsumerStatus({
    onBatch: () => undefined,
    onState: (state, error) => told.push(error === undefined ? state : `${state}: ${error.message}`),
  });
  status.starting();
});

afterEach(() => {
  jest.useRealTimers();
});

it('says nothing of what the broker refuses for a moment', () => {
  for (let attempt = 0; attempt < 4; attempt++) {
    status.trouble('group', refused(GROUP_LOADING, 'joining group g'));
    status.trouble('fetch', refused(NOT_LEADER, 'fetching'));
    jest.advanceTimersByTime(240);
  }
  status.trouble('group', undefined);
  status.trouble('fetch', undefined);
  status.running();
  jest.advanceTimersByTime(5_000);
  expect(told).toEqual(['starting', 'running']);
});

it('says what lasts, by itself, with the latest reason, until it is over', () => {
  status.running();
  status.trouble('fetch', refused(GROUP_LOADING, 'first'));
  jest.advanceTimersByTime(500);
  status.trouble('fetch', refused(NOT_LEADER, 'second'));
  jest.advanceTimersByTime(499);
  expect(told).toEqual(['starting', 'running']);
  jest.advanceTimersByTime(1);
  expect(told).toHaveLength(3);
  expect(told[2]).toMatch(/^unavailable: second: .* \(NOT_LEADER_FOR_PARTITION\)$/);
  status.trouble('fetch', refused(NOT_LEADER, 'third'));
  expect(told).toHaveLength(3);
  status.trouble('fetch', undefined);
  expect(told.at(-1)).toBe('running');
});

it.each([
  ['that it was not reached', connectionError(new Error('ECONNREFUSED'), 'host:1')],
  ['that there was no answer', new BrokerError('unavailable', 'no answer', { retriable: true })],
  ['what cannot be decoded', undecodable({ topic: 't', partition: 0 }, 0n, new Error('it is damaged'))],
])('says at once %s, and keeps to it', (_, error) => {
  status.running();
  status.trouble('fetch', error);
  expect(told.at(-1)).toBe(`unavailable: ${error.message}`);
  status.trouble('fetch', refused(NOT_LEADER, 'fetching'));
  expect(told).toHaveLength(3);
});

it('says nothing after its end', () => {
  status.running();
  status.trouble('fetch', refused(NOT_LEADER, 'fetching'));
  status.closed();
  jest.advanceTimersByTime(5_000);
  expect(told).toEqual(['starting', 'running', 'closed']);
});
