import type { Logger } from '@nestjs/common';
import type { MessageHandler } from '@nestjs/microservices';
import { from, fromEvent, isObservable, lastValueFrom, of, takeUntil, tap, type Observable } from 'rxjs';
import { BrokerError } from '../broker/broker-error.js';
import type { ConsumerRecord } from '../broker/record.js';
import { AsyncCallError, messageOf } from '../errors/async-call-error.js';
import { DecodeError } from '../protocol/decode-error.js';
import { decodeRequest, type IncomingRequest } from '../protocol/request.js';
import { AsyncCallContext } from './async-call-context.js';
import { runInCall } from './current-call.js';
import { mapError } from './error-mapping.js';
import type { Outcome } from './request-consumer.js';
import { OneWaySink, type ResponseSink } from './response-sink.js';
import { ResponseWriter, type ResponseWriting } from './response-writer.js';

/** What a dispatcher works with. */
export interface RequestDispatcherOptions {
  readonly service: string;
  readonly writing: ResponseWriting;
  readonly handlerOf: (endpoint: string) => MessageHandler | undefined;
  /** Runs a call between hooks. */
  readonly aroundCall: (context: AsyncCallContext, run: () => Promise<void>) => Promise<void>;
  readonly logger: Pick<Logger, 'error' | 'warn'>;
}

/** Takes a record to its endpoint, and the endpoint's responses to the caller. */
export class RequestDispatcher {
  private readonly warned = new Set<string>();

  constructor(private readonly options: RequestDispatcherOptions) {}

  /**
   * Runs one delivery of a record to its end; never rejects. Whatever is wrong with the record itself is
   * answered, or logged where there is nobody to answer, and settles it.
   */
  async deliver(record: ConsumerRecord, attempt: number, controller: AbortController): Promise<Outcome> {
    try {
      await this.serve(record, attempt, controller);
      return 'settled';
    } catch (error) {
      if (error instanceof BrokerError && error.retriable) {
        this.options.logger.warn(`${placeOf(record)} runs again: ${error.message}`);
        return 'redeliver';
      }
      this.options.logger.error(error, `${placeOf(record)} cannot be answered`);
      return 'settled';
    }
  }

  private async serve(record: ConsumerRecord, attempt: number, controller: AbortController): Promise<void> {
    const request = await this.decode(record, attempt, controller);
    if (!request) return;
    const context = new AsyncCallContext(request, record, attempt, controller.signal);
    const sink = await this.openSink(request, attempt, controller);
    try {
      const call = this.resolve(request);
      await this.options.aroundCall(context, () => runInCall(sink, () => run(call, context, sink)));
    } catch (thrown) {
      const { error, unexpected } = mapError(thrown);
      if (unexpected) this.report(thrown, context);
      sink.fail(error);
    }
    await sink.settled();
  }

  /** The request, or nothing if it was not one; then its sender has got the reason. */
  private async decode(
    record: ConsumerRecord,
    attempt: number,
    controller: AbortController,
  ): Promise<IncomingRequest | undefined> {
    try {
      return decodeRequest(record);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.options.logger.warn(`${placeOf(record)} is not a request: ${error.message}`);
      if (!error.answerable) return undefined;
      const writer = await ResponseWriter.open(this.options.writing, error.answerable, attempt, controller);
      writer.fail(error);
      await writer.settled();
      return undefined;
    }
  }

  private async openSink(
    request: IncomingRequest,
    attempt: number,
    controller: AbortController,
  ): Promise<ResponseSink> {
    const { correlationId, replyTo } = request;
    if (replyTo) {
      return ResponseWriter.open(this.options.writing, { correlationId, replyTo }, attempt, controller);
    }
    return new OneWaySink((error) => {
      this.options.logger.error(error, `The one-way call of ${request.endpoint} has failed`);
    });
  }

  /** The handler and what to hand it. Throws what the caller is to get if there is none. */
  private resolve({ endpoint, payload }: IncomingRequest): Call {
    const { handlerOf, service, writing } = this.options;
    const handler = handlerOf(endpoint);
    if (!handler) {
      throw new AsyncCallError('unknown-endpoint', `The service "${service}" has no endpoint "${endpoint}".`);
    }
    try {
      return { handler, data: writing.serializer.deserialize(payload) };
    } catch (error) {
      if (error instanceof AsyncCallError) throw error;
      throw new AsyncCallError('bad-request', messageOf(error), { cause: error });
    }
  }

  private report(thrown: unknown, context: AsyncCallContext): void {
    this.options.logger.error(thrown, `${context.endpoint} has failed (request ${context.requestId})`);
    if (!isNestReplacement(thrown) || this.warned.has('filters')) return;
    this.warned.add('filters');
    this.options.logger.warn(
      'Nest has replaced the original error, because this server runs without the filters of its application. ' +
        'Connect it with connectAsyncCalls(app), or with { inheritAppConfig: true }.',
    );
  }
}

interface Call {
  readonly handler: MessageHandler;
  readonly data: unknown;
}

/** Runs the handler and writes what it emits, until it ends or nobody wants its result any more. */
async function run({ handler, data }: Call, context: AsyncCallContext, sink: ResponseSink): Promise<void> {
  const values = toObservable(await handler(data, context));
  const written = values.pipe(
    // The end is noted in the same turn as the value before it, so that both can be one frame.
    tap({ next: (value) => sink.write(value), complete: () => sink.complete() }),
    takeUntil(fromEvent(context.signal, 'abort')),
  );
  await lastValueFrom(written, { defaultValue: undefined });
}

/** A handler's result is an Observable, or one value; a filter may return either. */
function toObservable(result: unknown): Observable<unknown> {
  if (isObservable(result)) return from(result);
  return of(result);
}

/** What Nest puts in place of an exception that no filter has taken. */
function isNestReplacement(thrown: unknown): boolean {
  const { status, message } = (thrown ?? {}) as { readonly status?: unknown; readonly message?: unknown };
  return status === 'error' && message === 'Internal server error';
}

function placeOf({ topic, partition, offset }: ConsumerRecord): string {
  return `The record ${topic}[${partition}]@${offset}`;
}
