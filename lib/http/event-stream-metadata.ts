import 'reflect-metadata';
import { AsyncCallError } from '../errors/async-call-error.js';
import type { ResolvedEventStreamOptions } from './event-stream-options.js';

const OPTIONS = 'nestjs-async-calls:event-stream';
/** Nest's own keys, which it does not export in all versions. */
const HTTP_CODE = '__httpCode__';
const SSE = '__sse__';

/** Leaves the options at a method. */
export function setEventStreamOptions(method: object, options: ResolvedEventStreamOptions): void {
  Reflect.defineMetadata(OPTIONS, options, method);
}

/** The options left at a method; `undefined` if it is no event stream. */
export function eventStreamOptionsOf(method: object): ResolvedEventStreamOptions | undefined {
  return Reflect.getMetadata(OPTIONS, method) as ResolvedEventStreamOptions | undefined;
}

/** Whether the method says its status itself, by `@HttpCode()`. */
export function hasHttpCode(method: object): boolean {
  return Reflect.hasMetadata(HTTP_CODE, method);
}

/** Nest would take what {@link EventStream} answers for events of its own. */
export function assertNoSse(method: object): void {
  if (!Reflect.hasMetadata(SSE, method)) return;
  throw new AsyncCallError(
    'invalid-argument',
    '@EventStream() takes the place of @Sse(): write @Get(path) @EventStream() instead of @Sse(path) @EventStream().',
  );
}
