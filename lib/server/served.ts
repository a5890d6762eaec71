import { BrokerError } from '../broker/broker-error.js';
import { runInCall } from '../context/current-call.js';
import {
  ABANDONED,
  type AttemptDelivery,
  deadlineOf,
  type Failed,
  type Handle,
  SETTLED,
} from '../delivery/delivery.js';
import type { Environment } from '../environment/environment.js';
import { AsyncCallError, messageOf } from '../errors/async-call-error.js';
import { quoted } from '../protocol/quoted.js';
import { AttemptLimits } from './attempt-limits.js';
import { mapError } from './error-mapping.js';
import type { HandlerContext } from './handler-context.js';
import type { RecordKind } from './record-kind.js';
import { type HandlerCall, runHandler } from './run-handler.js';
import type { ResponseSink } from './response-sink.js';
import { ResponseWriter, type ResponseWriting } from './response-writer.js';
import type { ServerLogger } from './unfailing-logger.js';

/** What the stage works with. */
export interface ServedOptions {
  readonly environment: Environment;
  readonly kind: RecordKind;
  readonly writing: ResponseWriting;
  /** Where responses go that nobody waits for; see {@link noResponses}. */
  readonly nowhere: ResponseSink;
  /** How long an attempt may take; `undefined` for as long as it likes. */
  readonly maxHandlerMsOf: (endpoint: string) => number | undefined;
  /** Runs a call between hooks. */
  readonly aroundCall: (context: HandlerContext, run: () => Promise<void>) => Promise<void>;
  readonly logger: ServerLogger;
}

/**
 * The innermost stage: takes an attempt to its endpoint, and the endpoint's responses to the caller. Throws only what
 * says that the broker could not take them.
 */
export function served(options: ServedOptions): Handle<AttemptDelivery> {
  const { environment } = options;
  const report = reporter(options.logger);
  return async (delivery) => {
    let sink: ResponseSink;
    try {
      const opening = openSink(options, delivery);
      sink = opening instanceof Promise ? await opening : opening;
    } catch (error) {
      const reason = unlessOutage(error);
      if (!options.kind.isFact) return { kind: 'failed', error: reason, attempts: delivery.attempt };
      // Whoever has asked is gone; the fact is not.
      sink = options.nowhere;
    }
    // Finding the way to the caller may have taken long.
    if (delivery.cutoff.aborted) return ABANDONED;
    if (environment.now() >= deadlineOf(delivery)) return SETTLED.expired;
    const failure = await handled(options, delivery, sink, report);
    const unwritten = await sink.settled();
    const error = unwritten ? asAnswer(unlessOutage(unwritten), sink.written) : failure;
    if (delivery.owner.gone.aborted) return ABANDONED;
    // After the deadline nobody hears of a failure; that the handler was cut off is most likely its cause.
    if (environment.now() >= deadlineOf(delivery)) return SETTLED.expired;
    if (!error) return SETTLED.served;
    return failed(delivery, error, sink.written);
  };
}

/** Runs the endpoint; what it has failed with, as the caller is to get it. */
async function handled(
  options: ServedOptions,
  delivery: AttemptDelivery,
  sink: ResponseSink,
  report: Report,
): Promise<AsyncCallError | undefined> {
  const {
    request: { endpoint },
    cutoff,
    owner: { gone },
  } = delivery;
  const context = options.kind.contextOf(delivery);
  const deadline = deadlineOf(delivery);
  const limits = new AttemptLimits(
    { endpoint, deadline, cutoff, gone },
    options.maxHandlerMsOf(endpoint),
    options.environment,
  );
  try {
    const call = callOf(options, delivery);
    const scope = { deadline, ready: () => sink.ready() };
    const ends = { cutoff, notWaitedFor: limits.notWaitedFor };
    await options.aroundCall(context, () => runInCall(scope, () => runHandler(call, context, sink, ends)));
    limits.check();
    return undefined;
  } catch (thrown) {
    const { error, unexpected } = mapError(thrown);
    if (unexpected || error.code === 'internal') report(thrown, delivery);
    return error;
  } finally {
    limits.clear();
  }
}

/** What an attempt has failed with, after so many values. */
function failed(delivery: AttemptDelivery, error: AsyncCallError, written: number): Failed {
  // Another attempt would begin the stream again, and a caller of another form cannot tell that.
  const isFinal = written > 0 && delivery.request.replyTo?.form !== undefined;
  return {
    kind: 'failed',
    error,
    isFinal,
    attempts: delivery.attempt,
    answerTo: answerTo(delivery, written),
  };
}

function answerTo({ request, owner, attempt }: AttemptDelivery, seq: number): Failed['answerTo'] {
  const { correlationId, replyTo } = request;
  return replyTo && { correlationId, replyTo, epoch: owner.epoch, attempt, seq };
}

function openSink(
  { writing, nowhere }: ServedOptions,
  { request, owner, attempt, cutoff }: AttemptDelivery,
): ResponseSink | Promise<ResponseSink> {
  const { correlationId, replyTo, acceptsFrames } = request;
  if (!replyTo) return nowhere;
  const delivery = { epoch: owner.epoch, attempt };
  return ResponseWriter.open(writing, { correlationId, replyTo, acceptsFrames }, delivery, cutoff);
}

/** The error, unless it says that the broker cannot be reached: then it is thrown on, and the attempt is repeated. */
function unlessOutage(error: unknown): AsyncCallError {
  if (error instanceof BrokerError && error.retriable) throw error;
  return AsyncCallError.from(error);
}

/** A response that is too large is this service's fault, not the request's. */
function asAnswer(error: AsyncCallError, seq: number): AsyncCallError {
  if (error.code !== 'payload-too-large') return error;
  const message = `Response ${seq} cannot be sent. ${error.message}`;
  return new AsyncCallError('payload-too-large', message, { statusCode: 500, cause: error });
}

/** The handler and what to hand it. Throws what the caller is to get if there is none. */
function callOf(options: ServedOptions, delivery: AttemptDelivery): HandlerCall {
  const { endpoint } = delivery.request;
  const handler = options.kind.handlerOf(endpoint);
  if (!handler) throw options.kind.unhandled(endpoint);
  return { handler, data: dataOf(options, delivery) };
}

/** What the handler gets. Throws what the sender is to get if the payload cannot be read. */
export function dataOf({ kind, writing }: ServedOptions, delivery: AttemptDelivery): unknown {
  try {
    const { serializer = writing.serializer } = kind;
    return kind.dataOf(serializer.deserialize(delivery.request.payload), delivery);
  } catch (error) {
    throw error instanceof AsyncCallError
      ? error
      : new AsyncCallError('bad-request', messageOf(error), { cause: error });
  }
}

type Report = (thrown: unknown, delivery: AttemptDelivery) => void;

/** Logs what a handler did not mean to throw; and once, that Nest hides it from here. */
function reporter(logger: ServedOptions['logger']): Report {
  let warned = false;
  return (thrown, { request: { endpoint, correlationId } }) => {
    logger.error(
      thrown,
      `${quoted(endpoint)} has failed (request ${quoted(correlationId.toString('utf8'))})`,
    );
    if (!isNestReplacement(thrown) || warned) return;
    warned = true;
    logger.warn(
      'Nest has replaced the original error, because this server runs without the filters of its application. ' +
        'Connect it with connectAsyncCalls(app), or with { inheritAppConfig: true }.',
    );
  };
}

/** What Nest puts in place of an exception that no filter has taken. */
function isNestReplacement(thrown: unknown): boolean {
  try {
    const { status, message } = (thrown ?? {}) as { readonly status?: unknown; readonly message?: unknown };
    return status === 'error' && message === 'Internal server error';
  } catch {
    // Nest's has no getters that throw.
    return false;
  }
}
