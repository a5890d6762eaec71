import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { describeOnKafka, uniqueName } from '../support/kafka.js';
import { Processes } from './processes.js';
import { ClientService, ServerService } from './services.js';

jest.setTimeout(120_000);

describeOnKafka('a call between two processes', () => {
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

  describe.each(['step-by-step', 'step-by-step-iterable'])('to /%s', (endpoint) => {
    it('brings four responses, each when it is emitted', async () => {
      const gate = uniqueName('gate');
      const releases: Promise<unknown>[] = [];
      const release = (step: number) => releases.push(client.call(`${service}/release`, { gate, step }));

      release(0);
      // The server emits the next one only when the one before has been seen here.
      const { values, error } = await client.call(
        `${service}/${endpoint}`,
        { gate, steps: 4 },
        { onValue: (step) => release((step as number) + 1) },
      );

      expect(values).toEqual([0, 1, 2, 3]);
      expect(error).toBeUndefined();
      await Promise.all(releases);
    });
  });

  it('brings an empty stream', async () => {
    expect(await client.call(`${service}/empty`)).toEqual({ values: [], error: undefined });
  });

  describe('that fails', () => {
    it.each([
      ['before the first response', 0],
      ['between two responses', 2],
      ['after the last response', 4],
    ])('%s', async (_, emitted) => {
      const { values, error } = await client.call(`${service}/fail-after`, emitted);

      expect(values).toEqual([0, 1, 2, 3].slice(0, emitted));
      expect(error).toEqual({
        typed: true,
        code: 'bad-request',
        statusCode: 400,
        message: 'That is enough',
        details: { message: 'That is enough', emitted },
      });
    });

    it('with an HttpException brings its status and details', async () => {
      expect(await client.call(`${service}/not-found`)).toEqual({
        values: [],
        error: {
          typed: true,
          code: 'not-found',
          statusCode: 404,
          message: 'There is no such account',
          details: { message: 'There is no such account', account: 'DE-42', hints: ['look up'] },
        },
      });
    });

    it('in the ValidationPipe brings what is wrong with the request', async () => {
      const { values, error } = await client.call(`${service}/validated`, { email: 'nobody', amount: 0.5 });

      expect(values).toEqual([]);
      expect(error).toMatchObject({
        code: 'bad-request',
        statusCode: 400,
        details: {
          message: [
            'email must be an email',
            'amount must not be less than 1',
            'amount must be an integer number',
          ],
        },
      });
    });

    it('in a way that was not meant for others tells only that', async () => {
      const { error } = await client.call(`${service}/broken`);

      expect(error).toMatchObject({ code: 'internal', statusCode: 500, message: 'Internal server error' });
      expect(JSON.stringify(error)).not.toContain('1234');
    });
  });

  // A call without a limit can only end by an answer.
  const withoutLimit = { options: { timeoutMs: Number.POSITIVE_INFINITY } };

  it('to an endpoint that the service does not have fails at once', async () => {
    const { values, error } = await client.call(`${service}/no-such-endpoint`, {}, withoutLimit);

    expect(values).toEqual([]);
    expect(error).toMatchObject({ typed: true, code: 'unknown-endpoint', statusCode: 501 });
    expect(error?.message).toContain('"/no-such-endpoint"');
  });

  it('to a service that does not exist fails at once', async () => {
    const { values, error } = await client.call('nobody-there/echo', {}, withoutLimit);

    expect(values).toEqual([]);
    expect(error).toMatchObject({ typed: true, code: 'unknown-service', statusCode: 502 });
    expect(error?.message).toContain('"nobody-there"');
  });

  it('brings its headers, its key and its sender to the handler', async () => {
    const options = { headers: { 'x-tenant': 'ÄÖ', tags: ['a', 'b'] }, key: 'account-7' };

    const { values } = await client.call(`${service}/headers`, 'data', { options });

    expect(values).toEqual([
      {
        data: 'data',
        headers: [
          ['x-tenant', 'ÄÖ'],
          ['tags', 'a'],
          ['tags', 'b'],
        ],
        key: 'account-7',
        caller: { service: client.service, instance: expect.stringMatching(/^[0-9a-f]{8}$/) },
      },
    ]);
  });
});
