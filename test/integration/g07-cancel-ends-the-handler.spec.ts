import { expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import {
  AsyncCallContext,
  AsyncCallsClient,
  AsyncCallsServer,
  AsyncEndpoint,
  RetryableError,
} from 'nestjs-async-calls';
import { concat, finalize, firstValueFrom, lastValueFrom, NEVER, of, Subject, take, toArray } from 'rxjs';
import { describeOnBrokers } from '../support/brokers.js';
import { uniqueName, waitFor } from '../support/kafka.js';
import { type RawRecord, writeRaw } from '../support/raw-records.js';
import { recordsOf } from '../support/records.js';
import { startService } from '../support/services.js';

const log: string[] = [];
const releases = new Map<string, Subject<void>>();

@Controller()
class LettersController {
  constructor(private readonly client: AsyncCallsClient) {}

  @AsyncEndpoint('/observable')
  observable(@Payload() mark: string, @Ctx() { signal }: AsyncCallContext) {
    log.push(`${mark} runs`);
    signal.addEventListener('abort', () => log.push(`${mark} aborts`));
    return concat(of('a', 'b'), NEVER).pipe(finalize(() => log.push(`${mark} ends`)));
  }

  @AsyncEndpoint('/iterable')
  async *iterable(@Payload() mark: string) {
    try {
      log.push(`${mark} runs`);
      for (;;) {
        yield mark;
        await new Promise((resolve) => setImmediate(resolve));
      }
    } finally {
      log.push(`${mark} ends`);
    }
  }

  @AsyncEndpoint('/promise')
  async promise(@Payload() mark: string) {
    log.push(`${mark} runs`);
    await firstValueFrom(releases.get(mark)!, { defaultValue: undefined });
    log.push(`${mark} ends`);
  }

  @AsyncEndpoint('/note')
  note(@Payload() mark: string) {
    log.push(`${mark} noted`);
  }

  @AsyncEndpoint('/failing', { retry: { attempts: 3, initialDelayMs: 60_000, maxDelayMs: 60_000 } })
  failing(@Payload() mark: string) {
    log.push(`${mark} runs`);
    throw new RetryableError('not yet');
  }

  @AsyncEndpoint('/chain')
  chain(@Payload() { mark, target }: { readonly mark: string; readonly target: string }) {
    return this.client.send(target, mark);
  }
}

describeOnBrokers('G7: cancel reaches the server', (newBroker) => {
  async function setUp() {
    const broker = newBroker();
    const topics = { requests: { partitions: 1 } };
    const delivery = { commitIntervalMs: 20 };
    const { name, app } = await startService({ broker, topics, delivery, controllers: [LettersController] });
    const { client } = await startService({ broker });
    const mark = uniqueName('mark');
    const server = app.get(AsyncCallsServer);
    const logged = (what: string) => waitFor(() => log.includes(`${mark} ${what}`), { what });
    const isCommitted = async (offset: bigint) => {
      const admin = broker.createAdmin({ clientId: 'test' });
      const [topic] = [`${name}.requests`];
      const committed = async () => (await admin.fetchCommitted(name, [topic]))[0]?.offset;
      await waitFor(async () => (await committed()) === offset, { what: `the commit of ${offset}` });
      await admin.close();
    };
    return { broker, name, client, server, mark, logged, isCommitted };
  }

  it('ends the handler of an Observable, and commits past the request and its cancel', async () => {
    const { name, client, server, mark, logged, isCommitted } = await setUp();
    const subscription = client.send(`${name}/observable`, mark).subscribe();
    await logged('runs');
    subscription.unsubscribe();
    await logged('ends');
    await logged('aborts');
    await isCommitted(2n);
    expect(server.counts).toMatchObject({ received: 2, cancelled: 1, served: 0, failed: 0 });
  });

  it('ends an async iterable when the caller has all that it wants', async () => {
    const { name, client, mark, logged } = await setUp();
    const three = client.send(`${name}/iterable`, mark).pipe(take(3), toArray());
    expect(await lastValueFrom(three)).toEqual([mark, mark, mark]);
    await logged('ends');
  });

  it('passes through a chain of services', async () => {
    const { broker, name, client, mark, logged } = await setUp();
    const first = await startService({ broker, controllers: [LettersController] });
    const subscription = client
      .send(`${first.name}/chain`, { mark, target: `${name}/observable` })
      .subscribe();
    await logged('runs');
    subscription.unsubscribe();
    await logged('ends');
  });

  it('keeps a request from starting that waits behind another of its key', async () => {
    const { name, client, server, mark, logged, isCommitted } = await setUp();
    releases.set(mark, new Subject());
    const keyed = (endpoint: string) => client.to(`${name}${endpoint}`, { key: 'account' });
    const first = lastValueFrom(keyed('/promise').send(mark));
    await logged('runs');
    const waiting = keyed('/note').send(`${mark}-given-up`).subscribe();
    const behind = lastValueFrom(keyed('/note').send(`${mark}-behind`));
    await waitFor(() => server.counts.received === 3, { what: 'all requests' });
    waiting.unsubscribe();
    await waitFor(() => server.counts.received === 4, { what: 'the cancel' });
    releases.get(mark)!.complete();
    await Promise.all([first, behind]);
    expect(log.filter((each) => each.startsWith(mark))).toEqual([
      `${mark} runs`,
      `${mark} ends`,
      `${mark}-behind noted`,
    ]);
    await isCommitted(4n);
  });

  it('waits for a promise before the next request of its key runs', async () => {
    const { name, client, server, mark, logged } = await setUp();
    releases.set(mark, new Subject());
    const keyed = (endpoint: string) => client.to(`${name}${endpoint}`, { key: 'account' });
    const first = keyed('/promise').send(mark).subscribe();
    await logged('runs');
    const behind = lastValueFrom(keyed('/note').send(mark));
    first.unsubscribe();
    await waitFor(() => server.counts.received === 3, { what: 'the cancel' });
    expect(log).not.toContain(`${mark} noted`);
    releases.get(mark)!.complete();
    await behind;
    expect(log.slice(-2)).toEqual([`${mark} ends`, `${mark} noted`]);
    await waitFor(() => server.counts.cancelled === 1, { what: 'the count' });
  });

  it('ends the pause before another attempt, without a dead letter', async () => {
    const { broker, name, client, server, mark, logged, isCommitted } = await setUp();
    const subscription = client.to(`${name}/failing`, { timeoutMs: Infinity }).send(mark).subscribe();
    await logged('runs');
    subscription.unsubscribe();
    await isCommitted(2n);
    expect(server.counts).toMatchObject({ cancelled: 1, deadLettered: 0 });
    expect(await recordsOf(broker, `${name}.dead-letters`)).toEqual([]);
  });

  it('means nothing for a request that is over, or never came', async () => {
    const { broker, name, client, mark, isCommitted } = await setUp();
    const cancel = (id: string): RawRecord => ({
      headers: [
        ['kafka_correlationId', id],
        ['ac-kind', 'cancel'],
        ['ac-version', '1'],
      ],
    });
    const [response] = await lastValueFrom(client.to(`${name}/note`).responses(mark).pipe(toArray()));
    const cancels = [cancel(response.requestId), cancel('never came')];
    await writeRaw(broker, { topic: `${name}.requests`, partition: 0 }, cancels);
    await isCommitted(3n);
    expect(await lastValueFrom(client.send(`${name}/note`, mark))).toBeUndefined();
  });

  it('is seen by the next owner of the partition too', async () => {
    const { broker, name, client, server, mark, logged, isCommitted } = await setUp();
    releases.set(mark, new Subject());
    const call = client.send(`${name}/promise`, mark).subscribe();
    await logged('runs');
    call.unsubscribe();
    await waitFor(() => server.counts.received === 2, { what: 'the cancel' });
    // It does not heed the cancel, nor the end of the drain: it is abandoned, and so is the cancel.
    await server.close();
    expect(log).not.toContain(`${mark} ends`);
    const next = await startService({
      broker,
      service: name,
      controllers: [LettersController],
      delivery: { commitIntervalMs: 20 },
    });
    await isCommitted(2n);
    expect(next.app.get(AsyncCallsServer).counts).toMatchObject({ received: 2, cancelled: 1 });
    releases.get(mark)!.complete();
  });
});
