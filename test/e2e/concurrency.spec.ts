import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import kafkajs from 'kafkajs';
import { describeOnKafka, kafkaBootstrap, uniqueName } from '../support/kafka.js';
import { Processes } from './processes.js';
import { ClientService, ServerService } from './services.js';

jest.setTimeout(120_000);

describeOnKafka('many calls at once', () => {
  const processes = new Processes();
  const service = uniqueName('server');
  const caller = uniqueName('client');
  let clients: [ClientService, ...ClientService[]];
  beforeAll(async () => {
    const startClient = () => ClientService.start(processes, { service: caller, partitions: 2 });
    const [, ...started] = await Promise.all([
      ServerService.start(processes, { service }),
      startClient(),
      startClient(),
      startClient(),
    ]);
    clients = started;
  });
  afterAll(() => processes.end());

  it('1,000 of one client: each gets its own responses, all of them, in order', async () => {
    const report = await clients[0].load({
      target: `${service}/count`,
      prefix: 'only',
      calls: 1_000,
      parts: 4,
    });

    expect(report).toMatchObject({ complete: 1_000, wrong: [] });
  });

  it('of three instances of a service on a reply topic with two partitions: likewise', async () => {
    await Promise.all(clients.map((client) => client.process.ask('connect', undefined)));
    expect(await partitionsOf(`${caller}.replies`)).toBe(2);

    const reports = await Promise.all(
      clients.map((client, index) =>
        client.load({ target: `${service}/count`, prefix: `client-${index}`, calls: 400, parts: 3 }),
      ),
    );

    for (const report of reports) expect(report).toMatchObject({ complete: 400, wrong: [] });
  });
});

async function partitionsOf(topic: string): Promise<number | undefined> {
  const admin = new kafkajs.Kafka({ brokers: kafkaBootstrap()!, logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    return topics[0]?.partitions.length;
  } finally {
    await admin.disconnect();
  }
}
