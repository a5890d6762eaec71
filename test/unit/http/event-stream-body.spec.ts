import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { ConflictException, Logger } from '@nestjs/common';
import { concat, from, NEVER, Observable, of, Subject, throwError } from 'rxjs';
import { currentCall } from '../../../lib/context/current-call.js';
import { EventStreamBody } from '../../../lib/http/event-stream-body.js';
import {
  type EventStreamOptions,
  resolveEventStreamOptions,
} from '../../../lib/http/event-stream-options.js';
import { waitFor } from '../../support/wait-for.js';

const bodies: EventStreamBody[] = [];

afterEach(() => {
  for (const body of bodies.splice(0)) body.destroy();
  jest.restoreAllMocks();
});

function bodyOf(values: Observable<unknown>, options: EventStreamOptions = {}, deadline = Infinity) {
  let cuts = 0;
  const cutOff = () => void (cuts += 1);
  const body = new EventStreamBody({ options: resolveEventStreamOptions(options), deadline, cutOff });
  bodies.push(body);
  body.opened.catch(() => undefined);
  body.follow(() => values);
  return { body, cuts: () => cuts };
}

async function textOf(body: EventStreamBody): Promise<string> {
  let text = '';
  for await (const chunk of body) text += String(chunk);
  return text;
}

describe('the body of a stream of events', () => {
  it('begins with an id, and ends with the number of events', async () => {
    const { body } = bodyOf(of('a', 'b'), { retryMs: 9 });
    await body.opened;
    expect(await textOf(body)).toBe(
      'id: start\nretry: 9\n\nid: 0\ndata: "a"\n\nid: 1\ndata: "b"\n\nevent: end\ndata: {"events":2}\n\n',
    );
  });

  it('is not open before there is something to send', async () => {
    const values = new Subject<unknown>();
    const { body } = bodyOf(values);
    let isOpen = false;
    void body.opened.then(() => (isOpen = true));
    await new Promise(setImmediate);
    expect([isOpen, body.readableLength]).toEqual([false, 0]);
    values.next(1);
    await body.opened;
    expect(body.readableLength).toBeGreaterThan(0);
  });

  it('rejects with an error that comes first, and has sent nothing', async () => {
    const { body } = bodyOf(throwError(() => new ConflictException('no')));
    await expect(body.opened).rejects.toMatchObject({ status: 409 });
    expect([body.destroyed, body.readableLength]).toEqual([true, 0]);
  });

  it('hears nothing after a value that cannot be sent', async () => {
    const logged = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    let left = false;
    const values = new Observable<unknown>((subscriber) => {
      subscriber.add(() => (left = true));
      for (const value of ['a', 1n, 'b']) subscriber.next(value);
    });
    const text = await textOf(bodyOf(values).body);
    expect(text).toMatch(/data: "a"\n\nevent: error\ndata: .*Internal Server Error.*\n\n$/);
    expect([left, logged.mock.calls.length]).toEqual([true, 1]);
  });

  it('logs what the client is not told, and not what it is', async () => {
    const logged = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    await textOf(
      bodyOf(
        concat(
          of(1),
          throwError(() => new ConflictException('no')),
        ),
      ).body,
    );
    expect(logged).not.toHaveBeenCalled();
    const secret = new Error('secret');
    const text = await textOf(
      bodyOf(
        concat(
          of(1),
          throwError(() => secret),
        ),
      ).body,
    );
    expect(text).not.toContain('secret');
    expect(logged.mock.calls).toEqual([[secret]]);
  });

  it('unsubscribes when it is destroyed, and survives a clean-up that fails', () => {
    const logged = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const failing = new Observable(() => () => {
      throw new Error('clean-up');
    });
    const { body } = bodyOf(failing);
    body.destroy();
    expect(logged).toHaveBeenCalledTimes(1);
  });

  it('cuts off a client for which too much waits', async () => {
    jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const values = new Subject<unknown>();
    const { body, cuts } = bodyOf(values, { maxPendingBytes: 1_000 });
    values.next('x'.repeat(500));
    expect(cuts()).toBe(0);
    values.next('x'.repeat(500));
    expect([cuts(), body.destroyed, values.observed]).toEqual([1, true, false]);
  });

  it('tells its source when to wait, and until when it is wanted', async () => {
    const waits: boolean[] = [];
    let deadline: number | undefined;
    let call: ReturnType<typeof currentCall>;
    const values = new Subject<string>();
    const seen = new Observable<unknown>((subscriber) => {
      call = currentCall();
      deadline = call?.deadline;
      return values.subscribe((value) => {
        subscriber.next(value);
        waits.push(call?.ready() !== undefined);
      });
    });
    const { body } = bodyOf(seen, {}, 1_234);
    values.next('small');
    values.next('x'.repeat(body.readableHighWaterMark));
    expect([waits, deadline]).toEqual([[false, true], 1_234]);
    const ready = call?.ready();
    body.resume();
    await ready;
    expect(call?.ready()).toBeUndefined();
  });

  it('lets go of who waits when it is destroyed', async () => {
    let call: ReturnType<typeof currentCall>;
    const { body } = bodyOf(
      new Observable((subscriber) => {
        call = currentCall();
        subscriber.next('x'.repeat(100_000));
      }),
    );
    const ready = call!.ready();
    expect(ready).toBeDefined();
    body.destroy();
    await ready;
  });

  it('can be ended from outside, once', async () => {
    const { body } = bodyOf(concat(of(1), NEVER));
    body.end(new ConflictException('over'));
    body.end(new ConflictException('again'));
    expect(await textOf(body)).toMatch(/data: 1\n\nevent: error\ndata: .*"over"}\n\n$/);
    const { body: silent } = bodyOf(NEVER);
    silent.end(new ConflictException('over'));
    await expect(silent.opened).rejects.toMatchObject({ status: 409 });
  });

  it('sends comments while nothing comes, also as its first', async () => {
    const { body } = bodyOf(NEVER, { keepAliveMs: 5 });
    let text = '';
    body.on('data', (chunk) => (text += String(chunk)));
    await waitFor(() => text.split(': keep-alive\n\n').length > 3, { what: 'three comments' });
    expect(text).toMatch(/^id: start\n\n: keep-alive\n\n: keep-alive/);
  });

  it('drops nothing that a source emits at once', async () => {
    const numbers = Array.from({ length: 10_000 }, (_, index) => index);
    const text = await textOf(bodyOf(from(numbers)).body);
    expect([...text.matchAll(/^data: (\d+)$/gm)].map(([, data]) => Number(data))).toEqual(numbers);
  });
});
