import { expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { AsyncCallsServer, AsyncEndpoint, type DeliveryOptions, TerminalError } from 'nestjs-async-calls';
import { firstValueFrom, Subject } from 'rxjs';
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
  async function setUp(delivery: DeliveryOptions = {}) {
    const broker = newBroker();
    const topics = { requests: { partitions: 1 } };
    const { name, app } = await startService({ broker, topics, delivery, controllers: [WorkController] });
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
    return { broker, name, server, mark, request, write, runs };
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
    await waitFor(() => server.counts.duplicate === 1, { what: 'the duplicate' });
    expect([runs(), events]).toEqual([1, ['done 1']]);
  });
});
