import { expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import {
  AsyncCallContext,
  AsyncEndpoint,
  type Broker,
  RetryableError,
  TerminalError,
} from 'nestjs-async-calls';
import { catchError, concat, lastValueFrom, of, throwError, toArray } from 'rxjs';
import { describeOnBrokers } from '../support/brokers.js';
import { recordsOf } from '../support/records.js';
import { uniqueName, waitFor } from '../support/kafka.js';
import { sendAll } from '../support/send-all.js';
import { startService } from '../support/services.js';

const log: { mark: string; attempt: number }[] = [];
const attemptsAt = (mark: string) => log.filter((entry) => entry.mark === mark).map(({ attempt }) => attempt);

interface Task {
  readonly mark: string;
  /** How many attempts fail. */
  readonly failures: number;
}

@Controller()
class FlakyController {
  @AsyncEndpoint('/flaky', { retry: { initialDelayMs: 1 } })
  flaky(@Payload() task: Task, @Ctx() { attempt }: AsyncCallContext) {
    log.push({ mark: task.mark, attempt });
    if (attempt <= task.failures) throw new Error(`attempt ${attempt}`);
    return `done in attempt ${attempt}`;
  }

  @AsyncEndpoint('/flaky-stream', { retry: { initialDelayMs: 1 } })
  flakyStream(@Payload() task: Task, @Ctx() { attempt }: AsyncCallContext) {
    const head = of('one', 'two');
    return attempt <= task.failures
      ? concat(
          head,
          throwError(() => new Error('broken')),
        )
      : concat(head, of('three'));
  }

  @AsyncEndpoint('/slow-retry', { retry: { attempts: 2, initialDelayMs: 60_000, maxDelayMs: 60_000 } })
  slowRetry(@Payload() task: Task, @Ctx() { attempt }: AsyncCallContext) {
    log.push({ mark: task.mark, attempt });
    if (task.failures > 0) throw new RetryableError('locked');
    return 'done';
  }

  @AsyncEndpoint('/terminal')
  terminal(@Payload() task: Task, @Ctx() { attempt }: AsyncCallContext) {
    log.push({ mark: task.mark, attempt });
    throw new TerminalError('card refused', { code: 'server-error', statusCode: 599 });
  }

  @AsyncEndpoint('/once', { retry: { attempts: 1 } })
  once(@Payload() task: Task, @Ctx() { attempt }: AsyncCallContext) {
    log.push({ mark: task.mark, attempt });
    throw new Error('broken');
  }
}

describeOnBrokers('G4: errors are bounded', (newBroker) => {
  async function setUp() {
    const broker = newBroker();
    const topics = { requests: { partitions: 1 }, replies: { partitions: 1 } };
    const { name } = await startService({ broker, controllers: [FlakyController], topics });
    const { client } = await startService({ broker });
    const outcomeOf = (endpoint: string, task: Task) =>
      lastValueFrom(client.send(`${name}${endpoint}`, task).pipe(catchError((error: Error) => of(error))));
    return { broker, client, name, mark: uniqueName('mark'), outcomeOf };
  }

  const deadLetters = (broker: Broker, name: string) => recordsOf(broker, `${name}.dead-letters`);

  it('tries again what may be mended; the caller sees only the good end', async () => {
    const { broker, name, mark, outcomeOf } = await setUp();
    expect(await outcomeOf('/flaky', { mark, failures: 2 })).toBe('done in attempt 3');
    expect(attemptsAt(mark)).toEqual([1, 2, 3]);
    expect(await deadLetters(broker, name)).toEqual([]);
  });

  it('goes on with a stream where the failed attempt stopped', async () => {
    const { client, name, mark } = await setUp();
    const values = client.send(`${name}/flaky-stream`, { mark, failures: 2 }).pipe(toArray());
    expect(await lastValueFrom(values)).toEqual(['one', 'two', 'three']);
  });

  it('keeps what had attempts enough, and tells the caller', async () => {
    const { broker, client, name, mark } = await setUp();
    const call = client.to(`${name}/flaky`, { key: 'account-7', headers: { 'x-tenant': 'blue' } });
    const failing = lastValueFrom(call.send({ mark, failures: 9 }));
    await expect(failing).rejects.toMatchObject({ code: 'internal', statusCode: 500 });
    expect(attemptsAt(mark)).toEqual([1, 2, 3]);
    const [letter, ...others] = await deadLetters(broker, name);
    expect(others).toEqual([]);
    expect(letter?.key?.toString()).toBe('account-7');
    expect(JSON.parse(String(letter?.value))).toEqual({ mark, failures: 9 });
    expect(
      Object.fromEntries(letter?.headers.map(([header, value]) => [header, value.toString()]) ?? []),
    ).toMatchObject({
      'x-tenant': 'blue',
      'ac-endpoint': '/flaky',
      'kafka_dlt-original-topic': `${name}.requests`,
      'kafka_dlt-original-partition': '0',
      'kafka_dlt-original-offset': '0',
      'kafka_dlt-original-timestamp': expect.stringMatching(/^\d{13}$/),
      'kafka_dlt-original-consumer-group': name,
      'kafka_dlt-exception-fqcn': 'internal',
      'kafka_dlt-exception-message': 'Internal server error',
      'ac-dlt-attempts': '3',
    });
  });

  it('answers a terminal error at once, and keeps nothing', async () => {
    const { broker, name, mark, outcomeOf } = await setUp();
    expect(await outcomeOf('/terminal', { mark, failures: 1 })).toMatchObject({
      statusCode: 599,
      message: 'card refused',
    });
    expect(attemptsAt(mark)).toEqual([1]);
    expect(await deadLetters(broker, name)).toEqual([]);
  });

  it('tries no more often than an endpoint says', async () => {
    const { mark, outcomeOf } = await setUp();
    expect(await outcomeOf('/once', { mark, failures: 1 })).toMatchObject({ code: 'internal' });
    expect(attemptsAt(mark)).toEqual([1]);
  });

  it('blocks only its own key while it waits', async () => {
    const { client, name, mark } = await setUp();
    const to = (key: string) => client.to(`${name}/slow-retry`, { key, timeoutMs: Infinity });
    const blocked = to('a')
      .send({ mark: `${mark}-a1`, failures: 1 })
      .subscribe({ error: () => undefined });
    const behind = to('a')
      .send({ mark: `${mark}-a2`, failures: 0 })
      .subscribe({ error: () => undefined });
    await waitFor(() => attemptsAt(`${mark}-a1`).length === 1, { what: 'the first attempt' });
    expect(await lastValueFrom(to('b').send({ mark: `${mark}-b`, failures: 0 }))).toBe('done');
    expect(attemptsAt(`${mark}-a2`)).toEqual([]);
    blocked.unsubscribe();
    behind.unsubscribe();
  });

  it('does not retry past the deadline of the caller, but tells it', async () => {
    const { client, name, mark } = await setUp();
    const call = client.to(`${name}/slow-retry`, { timeoutMs: 20_000 }).send({ mark, failures: 1 });
    await expect(lastValueFrom(call)).rejects.toMatchObject({ code: 'unavailable', message: 'locked' });
  });

  it('loses no one-way call: what fails is kept', async () => {
    const { broker, client, name, mark } = await setUp();
    await lastValueFrom(client.emit(`${name}/flaky`, { mark, failures: 9 }));
    await lastValueFrom(client.emit(`${name}/terminal`, { mark: `${mark}-t`, failures: 1 }));
    await lastValueFrom(client.emit(`${name}/no-such-endpoint`, { mark }));
    await lastValueFrom(client.emit(`${name}/flaky`, { mark: `${mark}-good`, failures: 1 }));
    await waitFor(async () => (await deadLetters(broker, name)).length === 3, { what: 'three dead letters' });
    await waitFor(() => attemptsAt(`${mark}-good`).length === 2, { what: 'the good one' });
    expect(attemptsAt(mark)).toEqual([1, 2, 3]);
    expect(attemptsAt(`${mark}-t`)).toEqual([1]);
  });

  it('passes over what is no request, keeps it, and serves what comes behind', async () => {
    const { broker, name, mark, outcomeOf } = await setUp();
    const producer = broker.createProducer({ clientId: 'poison' });
    await producer.connect();
    const record = { topic: `${name}.requests`, partition: 0, key: null };
    const noReply: [string, Buffer][] = [
      ['kafka_replyTopic', Buffer.from(uniqueName('nowhere'))],
      ['kafka_correlationId', Buffer.from('1')],
      ['ac-endpoint', Buffer.from('/once')],
    ];
    await sendAll(producer, [
      { ...record, value: Buffer.from([0xff, 0x00, 0xfe]), headers: [] },
      { ...record, value: null, headers: [['ac-version', Buffer.from('99')]] },
      { ...record, value: Buffer.from('{}'), headers: noReply },
    ]);
    await producer.close();
    expect(await outcomeOf('/flaky', { mark, failures: 0 })).toBe('done in attempt 1');
    await waitFor(async () => (await deadLetters(broker, name)).length === 3, { what: 'three dead letters' });
    expect((await deadLetters(broker, name)).map(({ value }) => value)).toContainEqual(
      Buffer.from([0xff, 0x00, 0xfe]),
    );
  });
});
