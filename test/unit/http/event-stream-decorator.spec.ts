import { describe, expect, it } from '@jest/globals';
import { Get, HttpCode, Sse } from '@nestjs/common';
import { EventStream, type EventStreamOptions } from 'nestjs-async-calls/http';
import { EMPTY, type Observable } from 'rxjs';

function methodOf(...decorators: MethodDecorator[]): object {
  class Controller {
    method(): Observable<never> {
      return EMPTY;
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(Controller.prototype, 'method')!;
  for (const decorate of decorators.reverse()) decorate(Controller.prototype, 'method', descriptor);
  return descriptor.value as object;
}

const statusOf = (method: object) => Reflect.getMetadata('__httpCode__', method) as unknown;

describe('@EventStream', () => {
  it('has the status 200, unless the route says otherwise', () => {
    expect(statusOf(methodOf(EventStream()))).toBe(200);
    expect(statusOf(methodOf(HttpCode(202), EventStream()))).toBe(202);
    expect(statusOf(methodOf(EventStream(), HttpCode(202)))).toBe(202);
  });

  it('keeps what stands below it', () => {
    const method = methodOf(EventStream(), Get('money'));
    expect(Reflect.getMetadata('path', method)).toBe('money');
  });

  it.each<[EventStreamOptions, string]>([
    [
      { keepAliveMs: 0 },
      '@EventStream(): keepAliveMs: 0 is not a time: write whole milliseconds from 1 to 2147483647.',
    ],
    [
      { retryMs: 1.5 },
      '@EventStream(): retryMs: 1.5 is not a time: write whole milliseconds from 1 to 2147483647.',
    ],
    [{ maxPendingBytes: NaN }, '@EventStream(): maxPendingBytes: NaN is not a whole number from 1 on.'],
    [
      { onReconnect: 'again' as 'stop' },
      "@EventStream(): onReconnect: 'again' is no choice: write 'stop' or 'repeat'.",
    ],
    [
      { keepalive: 1 } as EventStreamOptions,
      '@EventStream(): there is no option "keepalive": there are keepAliveMs, onReconnect, retryMs, maxPendingBytes.',
    ],
  ])('refuses %j', (options, message) => {
    expect(() => EventStream(options)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', message }),
    );
  });

  it('refuses to stand beside @Sse', () => {
    expect(() => methodOf(EventStream(), Sse('money'))).toThrow(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringContaining('@Get(path)') }),
    );
  });
});
