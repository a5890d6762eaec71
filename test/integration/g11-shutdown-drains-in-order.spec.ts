import { expect, it } from '@jest/globals';
import { Controller, Injectable, type OnApplicationShutdown, type OnModuleDestroy } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { AsyncCallsClient, AsyncEndpoint } from 'nestjs-async-calls';
import { catchError, firstValueFrom, lastValueFrom, of, Subject } from 'rxjs';
import { describeOnBrokers } from '../support/brokers.js';
import { uniqueName, waitFor } from '../support/kafka.js';
import { startService } from '../support/services.js';

const releases = new Map<string, Subject<void>>();
const running = new Set<string>();
const notes: string[] = [];

/** What a handler needs, closed by the application as most do it. */
@Injectable()
class Database implements OnModuleDestroy, OnApplicationShutdown {
  private isOpen = true;

  store(mark: string): string {
    if (!this.isOpen) throw new Error('the database is closed');
    return `stored ${mark}`;
  }

  onModuleDestroy(): void {
    this.isOpen = false;
    notes.push('database closed');
  }

  onApplicationShutdown(): void {
    notes.push('application shut down');
  }
}

@Controller()
class SlowController {
  constructor(
    private readonly database: Database,
    private readonly client: AsyncCallsClient,
  ) {}

  @AsyncEndpoint('/slow')
  async slow(@Payload() mark: string) {
    running.add(mark);
    await firstValueFrom(releases.get(mark)!, { defaultValue: undefined });
    return this.database.store(mark);
  }

  @AsyncEndpoint('/endless')
  async endless(@Payload() mark: string) {
    running.add(mark);
    await new Promise(() => undefined);
  }

  @AsyncEndpoint('/ask')
  async ask(@Payload() { mark, target }: { readonly mark: string; readonly target: string }) {
    running.add(mark);
    await firstValueFrom(releases.get(mark)!, { defaultValue: undefined });
    return lastValueFrom(this.client.send(target, mark));
  }

  @AsyncEndpoint('/echo')
  echo(@Payload() value: unknown) {
    return value;
  }
}

describeOnBrokers('G11: a shutdown drains, in order', (newBroker) => {
  async function setUp(drainTimeoutMs: number) {
    const broker = newBroker();
    const options = { broker, providers: [Database], controllers: [SlowController] };
    const server = await startService({ ...options, delivery: { drainTimeoutMs } });
    const { client, name: caller } = await startService(options);
    const mark = uniqueName('mark');
    releases.set(mark, new Subject());
    const outcome = (endpoint: string, data: unknown = mark) =>
      lastValueFrom(
        client.send(`${server.name}${endpoint}`, data).pipe(catchError((error: unknown) => of(error))),
      );
    const isRunning = () => waitFor(() => running.has(mark), { what: 'the handler to run' });
    return { broker, server, client, caller, mark, outcome, isRunning };
  }

  it('lets what runs end before the resources of the application are closed', async () => {
    const { server, mark, outcome, isRunning } = await setUp(10_000);
    const call = outcome('/slow');
    await isRunning();
    notes.length = 0;
    const closing = server.app.close();
    releases.get(mark)!.complete();
    expect(await call).toBe(`stored ${mark}`);
    await closing;
    expect(notes).toEqual(['database closed', 'application shut down']);
  });

  it('lets what runs make calls of its own', async () => {
    const { server, caller, mark, outcome, isRunning } = await setUp(10_000);
    const call = outcome('/ask', { mark, target: `${caller}/echo` });
    await isRunning();
    const closing = server.app.close();
    releases.get(mark)!.complete();
    expect(await call).toBe(mark);
    await closing;
  });

  it('takes no new work: that is for another instance, once what runs has ended', async () => {
    const { broker, server, client, mark, isRunning } = await setUp(10_000);
    const held = lastValueFrom(client.send(`${server.name}/slow`, mark));
    await isRunning();
    const closing = server.app.close();
    const responses = client.to(`${server.name}/echo`).responses(mark);
    const other = lastValueFrom(responses);
    const successor = startService({
      broker,
      service: server.name,
      instance: 'successor',
      providers: [Database],
      controllers: [SlowController],
    });
    releases.get(mark)!.complete();
    expect(await held).toBe(`stored ${mark}`);
    await Promise.all([closing, successor]);
    expect(await other).toMatchObject({ value: mark, instance: 'successor' });
  });

  it('waits no longer than it may; what has not ended runs again elsewhere', async () => {
    const { broker, server, client, mark, isRunning } = await setUp(200);
    const call = client.send(`${server.name}/endless`, mark).subscribe({ error: () => undefined });
    await isRunning();
    running.delete(mark);
    await server.app.close();
    await startService({
      broker,
      service: server.name,
      providers: [Database],
      controllers: [SlowController],
    });
    await isRunning();
    call.unsubscribe();
  });
});
