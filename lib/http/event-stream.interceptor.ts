import {
  type CallHandler,
  type ExecutionContext,
  HttpException,
  HttpStatus,
  type NestInterceptor,
  StreamableFile,
} from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import { type Observable, of } from 'rxjs';
import { runInCall } from '../context/current-call.js';
import { AsyncCallError } from '../errors/async-call-error.js';
import { EventStreamBody } from './event-stream-body.js';
import { assertNoSse, eventStreamOptionsOf } from './event-stream-metadata.js';
import type { ResolvedEventStreamOptions } from './event-stream-options.js';
import { deadlineOf, exchangeOf, type HttpExchange, isReconnect, prefersJson } from './http-exchange.js';
import { collectList } from './value-list.js';

/** What can be ended from outside. */
interface Ending {
  end(error: unknown): void;
}

const EVENT_STREAM_HEADERS = {
  // No cache keeps it, and no compression holds it back.
  'Cache-Control': 'no-cache, no-transform',
  // Says the same to nginx.
  'X-Accel-Buffering': 'no',
};

/**
 * Answers HTTP requests for methods with {@link EventStream}; everything else passes. It stands before all interceptors of
 * the application, so that these see each value, as they do when the method is called over Kafka.
 */
export class EventStreamInterceptor implements NestInterceptor {
  private readonly open = new Set<Ending>();
  private isClosing = false;

  constructor(private readonly http: HttpAdapterHost) {}

  /** Ends what is streamed, and refuses what comes: an HTTP server is not closed before its last response has ended. */
  close(): void {
    this.isClosing = true;
    for (const stream of this.open) stream.end(shuttingDown());
  }

  intercept(
    context: ExecutionContext,
    next: CallHandler,
  ): Observable<unknown> | Promise<Observable<unknown>> {
    const handler = context.getHandler();
    const options = context.getType() === 'http' ? eventStreamOptionsOf(handler) : undefined;
    if (!options) return next.handle();
    assertNoSse(handler);
    if (this.isClosing) throw shuttingDown();
    return this.answer(exchangeOf(context), next, options);
  }

  private async answer(
    exchange: HttpExchange,
    next: CallHandler,
    options: ResolvedEventStreamOptions,
  ): Promise<Observable<unknown>> {
    const { request } = exchange;
    this.varyByAccept(exchange);
    if (request.method === 'HEAD') return of(undefined);
    if (prefersJson(request)) return of(await this.list(exchange, next, options));
    if (options.onReconnect === 'stop' && isReconnect(request)) throw streamIsOver();
    return of(await this.events(exchange, next, options));
  }

  /** What others have said stays: fastify's `appendHeader` of Nest 11 would take it away. */
  private varyByAccept({ response }: HttpExchange): void {
    const { httpAdapter } = this.http;
    const others = httpAdapter.getHeader(response, 'Vary') as string | string[] | undefined;
    httpAdapter.setHeader(response, 'Vary', [others ?? [], 'Accept'].flat().join(', '));
  }

  private async events(
    { request, response, raw }: HttpExchange,
    next: CallHandler,
    options: ResolvedEventStreamOptions,
  ): Promise<StreamableFile | undefined> {
    const deadline = deadlineOf(request);
    const body = new EventStreamBody({ options, deadline, cutOff: () => raw.destroy() });
    this.open.add(body);
    body.once('close', () => this.open.delete(body));
    raw.once('close', () => body.destroy());
    if (raw.destroyed) body.destroy();
    else body.follow(() => next.handle());
    await body.opened;
    // Nobody is there any more to be answered.
    if (body.destroyed) return undefined;
    for (const [name, value] of Object.entries(EVENT_STREAM_HEADERS)) {
      this.http.httpAdapter.setHeader(response, name, value);
    }
    return new StreamableFile(body, { type: 'text/event-stream' });
  }

  private async list(
    { request, response, raw }: HttpExchange,
    next: CallHandler,
    { maxPendingBytes }: ResolvedEventStreamOptions,
  ): Promise<string | undefined> {
    const call = { deadline: deadlineOf(request), ready: () => undefined };
    const list = runInCall(call, () => collectList(() => next.handle(), maxPendingBytes));
    this.open.add(list);
    raw.once('close', () => list.leave());
    const json = await list.json.finally(() => this.open.delete(list));
    if (json !== undefined) {
      this.http.httpAdapter.setHeader(response, 'Content-Type', 'application/json; charset=utf-8');
    }
    return json;
  }
}

/** The one status that a browser's EventSource takes for the end, and that is no failure. */
function streamIsOver(): HttpException {
  return new HttpException('The stream was sent before, and is not sent again', HttpStatus.NO_CONTENT);
}

function shuttingDown(): AsyncCallError {
  return new AsyncCallError('closed', 'This instance shuts down');
}
