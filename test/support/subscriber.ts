import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { AsyncEvent, AsyncEventContext, type AsyncEventOptions } from 'nestjs-async-calls';
import { waitFor } from './wait-for.js';

/** A controller that subscribes (from the earliest event, if nothing else is said), and what its handler was called with. */
export function subscriber(
  topic: string | RegExp,
  options: AsyncEventOptions = {},
  fail?: (data: unknown) => void,
) {
  const seen: unknown[] = [];
  const contexts: AsyncEventContext[] = [];
  @Controller()
  class Subscriber {
    @AsyncEvent(topic, { startFrom: 'earliest', ...options })
    take(@Payload() data: unknown, @Ctx() context: AsyncEventContext): void {
      contexts.push(context);
      fail?.(data);
      seen.push(data);
    }
  }
  return { Subscriber, seen, contexts };
}

/** Resolves when so many events were handled. */
export const sees = (seen: unknown[], count: number) =>
  waitFor(() => seen.length >= count, { what: `${count} events` });
