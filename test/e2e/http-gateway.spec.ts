import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { EventsClient, request } from '../support/events-client.js';
import { describeOnKafka, kafkaBootstrap, uniqueName, waitFor } from '../support/kafka.js';
import type { GatewayCommands } from './apps/gateway.app.js';
import { AppProcess, Processes } from './processes.js';
import { ServerService } from './services.js';

jest.setTimeout(120_000);

describeOnKafka('HTTP, Kafka and a service in processes of their own', () => {
  const processes = new Processes();
  let url: string;
  beforeAll(async () => {
    const target = uniqueName('server');
    const [gateway] = await Promise.all([
      AppProcess.start<GatewayCommands>(processes, 'apps/gateway', {
        service: uniqueName('gateway'),
        brokers: kafkaBootstrap(),
        target,
      }),
      ServerService.start(processes, { service: target }),
    ]);
    url = await gateway.ask('url', undefined);
  });
  afterAll(() => processes.end());

  const post = (path: string, body: object) => ({
    url: `${url}${path}`,
    init: {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    },
  });

  it('brings each response when the service emits it', async () => {
    const gate = uniqueName('gate');
    const release = async (step: number) => {
      const { url: path, init } = post('/release', { gate, step });
      expect((await request(path, init)).status).toBe(201);
    };
    const { url: path, init } = post('/steps', { gate, steps: 3 });
    await release(0);
    const events = await EventsClient.connect(path, init);
    for (let step = 0; step < 3; step += 1) {
      expect(await events.received(step + 1)).toEqual([0, 1, 2].slice(0, step + 1));
      // The service has nothing more to send until it is let.
      if (step < 2) expect(events.state).toBe('open');
      await release(step + 1);
    }
    expect(await events.over()).toBe('ended');
    expect(events.signals).toEqual([['end', { events: 3 }]]);
  });

  it('ends the handler when the client of HTTP leaves', async () => {
    const gate = uniqueName('gate');
    const isLeft = async () => (await request(`${url}/left/${gate}`)).text();
    const events = await EventsClient.connect(`${url}/hold/${gate}`);
    expect(await events.received(1)).toEqual([gate]);
    expect(await isLeft()).toBe('false');
    events.leave();
    await waitFor(async () => (await isLeft()) === 'true', { what: 'the end of the handler' });
  });

  it('brings an error with its status, or behind the responses', async () => {
    const { url: path, init } = post('/fail-after', { emitted: 0 });
    expect((await request(path, init)).status).toBe(400);
    const late = post('/fail-after', { emitted: 2 });
    const events = await EventsClient.connect(late.url, late.init);
    expect(await events.over()).toBe('ended');
    expect(events.values).toEqual([0, 1]);
    expect(events.signals).toEqual([
      ['error', { statusCode: 400, code: 'bad-request', message: 'That is enough' }],
    ]);
  });
});
