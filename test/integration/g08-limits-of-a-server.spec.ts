import { expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { AsyncCallContext, AsyncEndpoint, type DeliveryOptions, RetryableError } from 'nestjs-async-calls';
import { catchError, finalize, lastValueFrom, map, NEVER, of, range, toArray } from 'rxjs';
import { describeOnBrokers } from '../support/brokers.js';
import { uniqueName, waitFor } from '../support/kafka.js';
import { startService } from '../support/services.js';

const running = new Map<string, number>();
const most = new Map<string, number>();
const attempts: string[] = [];

function enter(mark: string, by: number): void {
  const now = (running.get(mark) ?? 0) + by;
  running.set(mark, now);
  most.set(mark, Math.max(now, most.get(mark) ?? 0));
}

@Controller()
class BusyController {
  @AsyncEndpoint('/narrow', { concurrency: 2 })
  async narrow(@Payload() mark: string) {
    enter(mark, 1);
    await new Promise((resolve) => setImmediate(resolve));
    enter(mark, -1);
    return mark;
  }

  @AsyncEndpoint('/stuck', { concurrency: 1 })
  stuck() {
    return NEVER;
  }

  @AsyncEndpoint('/later')
  later(@Payload() mark: string) {
    attempts.push(mark);
    throw new RetryableError('not yet', { retryAfterMs: 60_000 });
  }

  @AsyncEndpoint('/echo')
  echo(@Payload() value: unknown) {
    return value;
  }

  @AsyncEndpoint('/flood')
  flood(@Payload() count: number) {
    return range(0, count).pipe(map(() => 'x'.repeat(1_000)));
  }

  @AsyncEndpoint('/flood-held-up')
  async *floodHeldUp(@Payload() count: number) {
    for (let sent = 0; sent < count; sent += 1) yield 'x'.repeat(1_000);
  }

  @AsyncEndpoint('/hung', { maxHandlerMs: 100, retry: { attempts: 2, initialDelayMs: 1 } })
  hung(@Payload() mark: string, @Ctx() { attempt, signal }: AsyncCallContext) {
    attempts.push(mark);
    signal.addEventListener('abort', () => attempts.push(`${mark} aborted`));
    return attempt === 1 ? new Promise(() => undefined) : 'done in the second';
  }

  @AsyncEndpoint('/hung-stream', { maxHandlerMs: 100, retry: { attempts: 1 } })
  hungStream(@Payload() mark: string) {
    return NEVER.pipe(finalize(() => attempts.push(`${mark} ended`)));
  }
}

describeOnBrokers('G8: what a server holds is limited', (newBroker) => {
  async function setUp(delivery: DeliveryOptions = {}) {
    const broker = newBroker();
    const topics = { requests: { partitions: 1 } };
    const { name } = await startService({ broker, topics, delivery, controllers: [BusyController] });
    const { client } = await startService({ broker });
    const outcome = (endpoint: string, data: unknown) =>
      lastValueFrom(
        client.send(`${name}${endpoint}`, data).pipe(
          toArray(),
          catchError((error: unknown) => of(error)),
        ),
      );
    return { client, name, mark: uniqueName('mark'), outcome };
  }

  it('runs no more requests of an endpoint at once than it allows', async () => {
    const { mark, outcome } = await setUp();
    await Promise.all(Array.from({ length: 40 }, () => outcome('/narrow', mark)));
    expect(most.get(mark)).toBe(2);
  });

  it('keeps an endpoint that is full from holding up others', async () => {
    const { client, name, outcome } = await setUp({ concurrency: 2 });
    const stuck = Array.from({ length: 10 }, () => client.send(`${name}/stuck`, 1).subscribe());
    expect(await outcome('/echo', 'through')).toEqual(['through']);
    for (const each of stuck) each.unsubscribe();
  });

  it('keeps requests that wait for another attempt from holding up others', async () => {
    const { client, name, mark, outcome } = await setUp({ concurrency: 2 });
    const pausing = Array.from({ length: 4 }, () =>
      client.to(`${name}/later`, { timeoutMs: Infinity }).send(mark).subscribe(),
    );
    await waitFor(() => attempts.filter((each) => each === mark).length === 4, {
      what: 'their first attempts',
    });
    expect(await outcome('/echo', 'through')).toEqual(['through']);
    for (const each of pausing) each.unsubscribe();
  });

  it('refuses what an Observable emits too fast, and says what to do; an async iterable is held up', async () => {
    const { outcome } = await setUp({ responseBufferBytes: 50_000, responseWindow: 10 });
    expect(await outcome('/flood', 1_000)).toMatchObject({
      code: 'overloaded',
      message: expect.stringContaining('An async iterable is held up instead'),
    });
    expect(await outcome('/flood-held-up', 1_000)).toHaveLength(1_000);
  });

  it('ends a handler that takes too long, and tries again', async () => {
    const { mark, outcome } = await setUp();
    expect(await outcome('/hung', mark)).toEqual(['done in the second']);
    expect(attempts.filter((each) => each.startsWith(mark))).toEqual([mark, `${mark} aborted`, mark]);
  });

  it('tells the caller of a stream that takes too long', async () => {
    const { mark, outcome } = await setUp();
    expect(await outcome('/hung-stream', mark)).toMatchObject({
      code: 'timeout',
      message: '/hung-stream did not end within 100 ms (maxHandlerMs).',
    });
    await waitFor(() => attempts.includes(`${mark} ended`), { what: 'the stream to be ended' });
  });
});
