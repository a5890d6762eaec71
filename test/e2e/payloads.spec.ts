import { randomBytes } from 'node:crypto';
import { inspect, isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { describeOnKafka, uniqueName } from '../support/kafka.js';
import { VALUES } from './apps/values.js';
import { Processes } from './processes.js';
import { ClientService, ServerService } from './services.js';

jest.setTimeout(120_000);

const KB = 1_000;
const MB = 1_000 * KB;

describeOnKafka('the payload of a call between two processes', () => {
  const processes = new Processes();
  const service = uniqueName('server');
  let client: ClientService;
  beforeAll(async () => {
    [client] = await Promise.all([
      ClientService.start(processes, { service: uniqueName('client') }),
      ServerService.start(processes, { service }),
    ]);
  });
  afterAll(() => processes.end());

  describe.each(VALUES)('$name', ({ name, sent, arrives }) => {
    it('arrives at the handler', async () => {
      const { values, error } = await client.call(`${service}/inspect`, sent);
      expect({ values, error }).toEqual({ values: [inspect(arrives, { depth: 10 })], error: undefined });
    });

    it('arrives at the caller', async () => {
      const { values, error } = await client.call(`${service}/value`, name);
      expect(error).toBeUndefined();
      expect(values).toStrictEqual([arrives]);
    });
  });

  it.each([
    ['bytes', randomBytes(900 * KB)],
    ['text', randomBytes(450 * KB).toString('hex')],
  ])('of 900 kB of %s arrives both ways', async (_, large) => {
    const { values, error } = await client.call(`${service}/echo`, large);

    expect(error).toBeUndefined();
    // Not by expect: its report of a difference would take minutes.
    expect(isDeepStrictEqual(values, [large])).toBe(true);
  });

  describe('that is too large', () => {
    it('as a request fails at the caller, and takes no other call with it', async () => {
      const [oversized, ...others] = await Promise.all([
        client.call(`${service}/echo`, Buffer.alloc(2 * MB)),
        ...Array.from({ length: 20 }, (_, index) => client.call(`${service}/echo`, index)),
      ]);

      expect(oversized?.values).toEqual([]);
      expect(oversized?.error).toMatchObject({
        typed: true,
        code: 'payload-too-large',
        statusCode: 413,
      });
      expect(others).toEqual(others.map((_, index) => ({ values: [index], error: undefined })));
    });

    it('as a response fails at the caller behind the responses before it, and the service goes on', async () => {
      const [oversized, ...others] = await Promise.all([
        client.call(`${service}/bytes-between`, 2 * MB),
        ...Array.from({ length: 20 }, (_, index) => client.call(`${service}/echo`, index)),
      ]);

      expect(oversized?.values).toEqual(['before']);
      expect(oversized?.error).toMatchObject({
        typed: true,
        code: 'payload-too-large',
        statusCode: 500,
      });
      expect(others).toEqual(others.map((_, index) => ({ values: [index], error: undefined })));
      expect(await client.call(`${service}/echo`, 'next')).toEqual({ values: ['next'], error: undefined });
    });
  });
});
