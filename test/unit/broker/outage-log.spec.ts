import { expect, it } from '@jest/globals';
import { BrokerError } from '../../../lib/broker/broker-error.js';
import { OutageLog } from '../../../lib/broker/outage-log.js';
import { systemEnvironment } from '../../../lib/environment/system-environment.js';

it('tells of an outage, of each other reason for it, and of its end', () => {
  let now = 0;
  const told: string[] = [];
  const logger = {
    log: (message: string) => void told.push(`LOG ${message}`),
    warn: (message: string) => void told.push(`WARN ${message}`),
  };
  const outages = new OutageLog(logger, { ...systemEnvironment, uptime: () => now });
  outages.stateChanged('starting');
  outages.stateChanged('running');
  outages.stateChanged('unavailable', new BrokerError('unavailable', 'nobody answers'));
  now = 60_000;
  outages.stateChanged('unavailable', new BrokerError('authentication-failed', 'refused'));
  now = 61_250;
  outages.stateChanged('rebalancing');
  outages.stateChanged('running');
  outages.stateChanged('rebalancing');
  outages.stateChanged('running');
  expect(told).toEqual([
    'WARN Waiting, and trying again: nobody answers',
    'WARN Waiting, and trying again: refused',
    'LOG The broker can be used again, after 61.3 s',
  ]);
});
