import { expect, it } from '@jest/globals';
import { reportOf } from '../../../lib/health/health-report.js';

it('a report tells what works and what does not', async () => {
  const report = await reportOf([
    () => ({ up: { status: 'up' } }),
    async () => ({ slow: { status: 'degraded', ms: 7 } }),
    async () => ({ down: { status: 'down', message: 'gone' } }),
  ]);
  const info = { up: { status: 'up' }, slow: { status: 'degraded', ms: 7 } };
  const error = { down: { status: 'down', message: 'gone' } };
  expect(report).toEqual({ status: 'error', info, error, details: { ...info, ...error } });
});

it('a check that throws keeps no other from being heard', async () => {
  const causes = { cache: { status: 'down', message: 'cold' } };
  const { status, info, error } = await reportOf([
    function database() {
      throw new Error('no connection');
    },
    () => Promise.reject(Object.assign(new Error('Health check failed'), { causes })),
    () => Promise.reject(new Error('it broke')),
    () => ({ up: { status: 'up' } }),
  ]);
  expect(status).toBe('error');
  expect(info).toEqual({ up: { status: 'up' } });
  expect(error).toEqual({
    database: { status: 'down', message: 'no connection' },
    ...causes,
    'check 2': { status: 'down', message: 'it broke' },
  });
});
