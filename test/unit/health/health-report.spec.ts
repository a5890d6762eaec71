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

it('a check that is down is told, also where another one of the same name is up', async () => {
  const { status, info, error, details } = await reportOf([
    () => ({ database: { status: 'down', message: 'no connection' } }),
    () => ({ database: { status: 'up' } }),
  ]);
  expect({ status, info, error }).toEqual({
    status: 'error',
    info: {},
    error: { database: { status: 'down', message: 'no connection' } },
  });
  expect(details).toEqual(error);
});

it.each([
  { what: 'a list of errors', causes: [new Error('first'), new Error('second')] },
  { what: 'nothing', causes: {} },
  { what: 'what works', causes: { cache: { status: 'up' } } },
])('a check that throws is down, also with $what as its causes', async ({ causes }) => {
  const { status, error } = await reportOf([
    function database() {
      throw Object.assign(new Error('no connection'), { causes });
    },
  ]);
  expect({ status, error }).toEqual({
    status: 'error',
    error: { database: { status: 'down', message: 'no connection' } },
  });
});
