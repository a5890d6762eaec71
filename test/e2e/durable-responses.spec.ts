import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { kafkajs } from 'nestjs-async-calls/kafkajs';
import { describeOnKafka, kafkaBootstrap, uniqueName, waitFor } from '../support/kafka.js';
import { recordsOf } from '../support/records.js';
import type { HandledSeen, ShopCommands } from './apps/shop.app.js';
import { AppProcess, Processes } from './processes.js';
import { ClientService, ServerService } from './services.js';

jest.setTimeout(150_000);

describeOnKafka('responses that come while nobody of their service is there', () => {
  const processes = new Processes();
  const [supplier, shop] = [uniqueName('supplier'), uniqueName('shop')];
  const handled: HandledSeen[] = [];
  let operator: ClientService;

  beforeAll(async () => {
    await ServerService.start(processes, { service: supplier });
    operator = await ClientService.start(processes, { service: uniqueName('operator') });
  });
  afterAll(() => processes.end());

  async function startShop(): Promise<AppProcess<ShopCommands>> {
    const settings = { service: shop, brokers: kafkaBootstrap(), supplier };
    const process = await AppProcess.start<ShopCommands>(processes, 'apps/shop', settings);
    process
      .ask('watchHandled', undefined, (seen) => handled.push(seen as HandledSeen))
      .catch(() => undefined);
    return process;
  }

  async function release(gate: string, ...steps: number[]): Promise<void> {
    for (const step of steps) {
      const { error } = await operator.call(`${supplier}/release`, { gate, step });
      expect(error).toBeUndefined();
    }
  }

  const stored = async () =>
    (await recordsOf(kafkajs({ brokers: kafkaBootstrap()! }), `${shop}.responses`)).length;

  it('are handled after the restart, in order, with the state of their call', async () => {
    const orders = [uniqueName('order'), uniqueName('order')];
    const instances = [await startShop(), await startShop()];
    for (const gate of orders) await instances[0].ask('order', { data: { gate, steps: 4 }, state: { gate } });
    for (const gate of orders) await release(gate, 0);
    await waitFor(() => handled.length === 2, { what: 'the first response to both' });

    await Promise.all(instances.map((instance) => instance.signal('SIGKILL')));
    for (const gate of orders) await release(gate, 1, 2, 3);
    await waitFor(async () => (await stored()) === 8, { what: 'all responses to be stored' });
    handled.length = 0;

    await startShop();
    const isOver = () => handled.filter(({ kind }) => kind === 'last').length === orders.length;
    await waitFor(isOver, { what: 'the end of both', timeoutMs: 60_000 });
    for (const gate of orders) {
      const state = { gate };
      const own = handled.filter((each) => (each.state as typeof state).gate === gate);
      // The first one may come again: it was handled shortly before the kill.
      expect(own.filter(({ seq }) => seq > 0)).toEqual([
        { kind: 'next', seq: 1, value: 1, state },
        { kind: 'next', seq: 2, value: 2, state },
        { kind: 'last', seq: 3, value: 3, state },
      ]);
    }
  });
});
