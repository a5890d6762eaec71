import { HttpCode, UseInterceptors } from '@nestjs/common';
import { AsyncCallError } from '../errors/async-call-error.js';
import { observeIterables } from '../server/iterable-source.js';
import { assertNoSse, hasHttpCode, setEventStreamOptions } from './event-stream-metadata.js';
import {
  eventStreamFaults,
  type EventStreamOptions,
  resolveEventStreamOptions,
} from './event-stream-options.js';
import { EventStreamRegistration } from './event-stream.registration.js';

/**
 * Makes a route stream what its method emits, as Server-Sent Events: `@Get('money') @EventStream()`. With
 * `@AsyncEndpoint()` beside it the same method serves both HTTP and Kafka.
 *
 * The method may return what an endpoint may return. Each value is one event, with the value as JSON and its place in the
 * stream as its id; the end is an event `end`. A failure before the first event is answered with its HTTP status, one after it
 * is an event `error` with `{ statusCode, code, message }`, and the end. A client that goes away unsubscribes. One that
 * asks for `application/json` gets a list of all values.
 *
 * The status of the route is 200 unless it says otherwise, also for POST.
 *
 * Throws `invalid-argument` for options that cannot be followed, and beside Nest's own `@Sse()`.
 */
export function EventStream(options: EventStreamOptions = {}): MethodDecorator {
  const faults = eventStreamFaults(options);
  if (faults.length > 0) {
    throw new AsyncCallError('invalid-argument', `@EventStream(): ${faults.join('; ')}.`);
  }
  return (target, key, descriptor: PropertyDescriptor) => {
    const method = descriptor.value as (...args: unknown[]) => unknown;
    assertNoSse(method);
    descriptor.value = observeIterables(method);
    setEventStreamOptions(descriptor.value as object, resolveEventStreamOptions(options));
    if (!hasHttpCode(method)) HttpCode(200)(target, key, descriptor);
    UseInterceptors(EventStreamRegistration)(target, key, descriptor);
  };
}
