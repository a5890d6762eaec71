import { expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import {
  AsyncCallsServer,
  AsyncEndpoint,
  type Broker,
  type DeliveryOptions,
  type GroupConsumerListener,
  type RecordBatch,
  TerminalError,
} from 'nestjs-async-calls';
import { firstValueFrom, lastValueFrom, Subject } from 'rxjs';
import { interceptSends, wrapBroker } from '../support/broker-wrapper.js';
import { describeOnBrokers } from '../support/brokers.js';
import { uniqueName, waitFor } from '../support/kafka.js';
import { type RawRecord, writeRaw } from '../support/raw-records.js';
import { startService } from '../support/services.js';

const ran: string[] = [];
const releases = new Map<string, Subject<void>>();

@Controller()
class WorkController {
  @AsyncEndpoint('/work')
  work(@Payload() mark: string) {
    ran.push(mark);
    return mark;
  }

  @AsyncEndpoint('/fail')
  fail(@Payload() mark: string) {
    ran.push(mark);
    throw new TerminalError('no');
  }

  @AsyncEndpoint('/wait')
  async wait(@Payload() mark: string) {
    ran.push(mark);
    await firstValueFrom(releases.get(mark)!, { defaultValue: undefined });
    return mark;
  }
}

describeOnBrokers('G12: duplicates are caught', (newBroker) => {
  async function setUp(delivery: DeliveryOptions = {}, wrap = (broker: Broker) => broker) {
    const broker = newBroker();
    const topics = { requests: { partitions: 1 } };
    const { name, app } = await startService({
      broker: wrap(broker),
      topics,
      delivery,
      controllers: [WorkController],
    });
    const { client } = await startService({ broker });
    const server = app.get(AsyncCallsServer);
    const mark = uniqueName('mark');
    const request = (id: string, endpoint: string, value = mark): RawRecord => ({
      value: JSON.stringify(value),
      headers: [
        ['kafka_correlationId', id],
        ['ac-endpoint', endpoint],
      ],
    });
    const write = (...records: RawRecord[]) =>
      writeRaw(broker, { topic: `${name}.requests`, partition: 0 }, records);
    const runs = (value = mark) => ran.filter((each) => each === value).length;
    return { broker, name, client, server, mark, request, write, runs };
  }

  it.each(['/work', '/fail'])('a request that was sent twice is run once (%s)', async (endpoint) => {
    const { server, mark, request, write, runs } = await setUp();
    await write(request('1', endpoint), request('1', endpoint), request('2', '/work', `${mark}-2`));
    await waitFor(() => runs(`${mark}-2`) === 1, { what: 'the request behind them' });
    expect(runs()).toBe(1);
    await waitFor(() => server.counts.duplicate === 1, { what: 'the duplicate to be counted' });
  });

  it('also while the first one is still running', async () => {
    const { server, mark, request, write, runs } = await setUp();
    releases.set(mark, new Subject());
    await write(request('1', '/wait'), request('1', '/wait'));
    await waitFor(() => server.counts.duplicate === 1, { what: 'the duplicate to be counted' });
    releases.get(mark)!.complete();
    await waitFor(() => server.counts.served === 1, { what: 'the first to end' });
    expect(runs()).toBe(1);
  });

  it('is committed past, so that nobody runs it later', async () => {
    const { broker, name, request, write } = await setUp({ commitIntervalMs: 20 });
    await write(request('1', '/work'), request('1', '/work'));
    const admin = broker.createAdmin({ clientId: 'test' });
    const committed = async () => (await admin.fetchCommitted(name, [`${name}.requests`]))[0]?.offset === 2n;
    await waitFor(committed, { what: 'the offset behind both to be committed' });
    await admin.close();
  });

  it('not beyond the window, and not where that is switched off', async () => {
    for (const duplicates of [{ windowMs: 1 }, false] as const) {
      const { request, write, runs } = await setUp({ duplicates });
      const sendUntilRunTwice = async () => {
        await write(request('1', '/work'));
        return runs() > 1;
      };
      await waitFor(sendUntilRunTwice, { what: 'a second run' });
    }
  });

  it('but a record whose partition was lost and came back is none: it is run to its end', async () => {
    let acknowledge = () => undefined as void;
    const batches: RecordBatch[] = [];
    const listeners: GroupConsumerListener[] = [];
    let isRedelivered = false;
    const wrap = (broker: Broker) =>
      wrapBroker(
        interceptSends(broker, async (records, send) => {
          const results = await send(records);
          if (!isRedelivered) await new Promise<void>((resolve) => (acknowledge = resolve));
          return results;
        }),
        {
          createGroupConsumer: (identity, { listener, ...options }) => {
            const watching: GroupConsumerListener = {
              ...listener,
              onBatch: (batch) => {
                batches.push(batch);
                listener.onBatch(batch);
              },
            };
            listeners.push(watching);
            return broker.createGroupConsumer(identity, { ...options, listener: watching });
          },
        },
      );
    const { mark, server, name, client, runs } = await setUp({}, wrap);
    const call = lastValueFrom(client.send(`${name}/work`, mark));
    expect(await call).toBe(mark);
    const [{ topic, partition }] = batches;
    const place = { topic, partition };
    listeners[0].onLost?.([place]);
    await listeners[0].onAssigned?.([{ ...place, offset: 0n, metadata: '', epoch: 1_000 }]);
    isRedelivered = true;
    listeners[0].onBatch(batches[0]);
    await waitFor(() => runs() === 2, { what: 'the second run' });
    acknowledge();
    await waitFor(() => server.counts.abandoned === 1, { what: 'the end of the first' });
    await waitFor(() => server.counts.served === 1, { what: 'the end of the second' });
    expect(server.counts.duplicate).toBe(0);
  });

  it('by a store of the application, which every instance may share', async () => {
    const claimed = new Set<string>();
    const events: string[] = [];
    const duplicates = {
      claim: async (id: string) => {
        if (claimed.has(id)) return undefined;
        claimed.add(id);
        return { done: () => void events.push(`done ${id}`), release: () => void claimed.delete(id) };
      },
    };
    const { server, request, write, runs } = await setUp({ duplicates });
    await write(request('1', '/work'), request('1', '/work'));
    await waitFor(() => server.counts.duplicate === 1 && server.counts.served === 1, { what: 'both' });
    await waitFor(() => events.length > 0, { what: 'the first to be done' });
    expect([runs(), events]).toEqual([1, ['done 1']]);
  });
});
