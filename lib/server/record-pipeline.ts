import { BrokerError } from '../broker/broker-error.js';
import { partitionForKey } from '../broker/partitioner.js';
import { retryUntilReachable } from '../broker/retry.js';
import { deadLetterOf } from '../delivery/dead-letter.js';
import {
  ABANDONED,
  type Delivery,
  type ErrorAnswer,
  type Failed,
  type Handle,
  placeOf,
  type RequestDelivery,
  type OnEnded,
  SETTLED,
  settledAsFailed,
} from '../delivery/delivery.js';
import type { MutableCounts } from '../delivery/delivery-counts.js';
import type { DuplicateStore } from '../delivery/duplicate-store.js';
import type { RetryPolicy } from '../delivery/retry-policy.js';
import { concluded, type Step } from '../delivery/concluded.js';
import { type AnswerError, answered } from '../delivery/stages/answered.js';
import { counted } from '../delivery/stages/counted.js';
import { deadLettered, type KeepDeadLetter } from '../delivery/stages/dead-lettered.js';
import { decoded, type UndecodableDelivery } from '../delivery/stages/decoded.js';
import { expired } from '../delivery/stages/expired.js';
import { notEnded } from '../delivery/stages/not-ended.js';
import { retried } from '../delivery/stages/retried.js';
import { type DuplicateListener, unique } from '../delivery/stages/unique.js';
import { withdrawn } from '../delivery/stages/withdrawn.js';
import { AsyncCallError, messageOf } from '../errors/async-call-error.js';
import { quoted } from '../protocol/quoted.js';
import { encodeInForm } from '../protocol/reply-forms.js';
import { batched } from './batched.js';
import { replyPlace, type ResponseWriting } from './response-writer.js';
import type { MessagePart, RecordKind } from './record-kind.js';
import { served, type ServedOptions } from './served.js';
import type { ServerLogger } from './unfailing-logger.js';

/** What the pipeline works with. */
export interface RecordPipelineOptions extends ServedOptions {
  readonly groupId: string;
  /** Where records go that have failed for good; absent where they are only logged. */
  readonly deadLetterTopic: string | undefined;
  readonly retryPolicyOf: (endpoint: string) => RetryPolicy;
  /** Absent where duplicates are not looked for. */
  readonly duplicates: DuplicateStore | undefined;
  readonly counts: MutableCounts;
  /** Absent for nobody. */
  readonly onEnded?: OnEnded;
}

/**
 * How a record ends: from the outside in, each stage deals with what the ones inside it have left over. Never rejects:
 * whatever is wrong with a record is answered, kept as a dead letter, or logged.
 */
export function recordPipeline(options: RecordPipelineOptions): Handle<Delivery> {
  const { environment, kind, retryPolicyOf: policyOf, duplicates: store, counts } = options;
  const { onDuplicate, onStoreError, onExpired, onOutage, onRetry } = listenersOf(options);
  const keep: KeepDeadLetter = (delivery, failed) => keepDeadLetter(options, delivery, failed);
  const answer: AnswerError = (delivery, failed) => answerError(options, delivery, failed);

  // Inside of the retries: an outage may outlast a deadline.
  const single = served(options);
  const attempt = expired({ environment, onExpired }, kind.batchOf ? batched(options, single) : single);
  const tried = retried({ environment, policyOf, isOutage, onOutage, onRetry }, attempt);
  const { needsLetter } = kind;
  const report = [deadLettered(keep, needsLetter), answered(answer, keep, needsLetter)];
  const reported = concluded(tried, [withdrawn, ...report]);
  const once = store ? onceEach(kind, { environment, store, onDuplicate, onStoreError }, reported) : reported;
  const undecodable = async ({ failed }: UndecodableDelivery) => {
    counts.undecodable += 1;
    return failed;
  };
  const read = decoded(kind.decode, passedOver(kind, once), concluded(undecodable, report));
  return concluded(guarded(options.logger, keep, read), endsOf(options));
}

/** What is done with the end of each record. */
function endsOf({ counts, groupId: group, onEnded }: RecordPipelineOptions): Step<Delivery>[] {
  const count = counted(counts);
  if (!onEnded) return [count];
  const tell: Step<Delivery> = (outcome, { record }) => {
    onEnded({ group, record, outcome });
    return outcome;
  };
  return [count, tell];
}

/** Runs each message once; of one whose first part has been run, what is left of it. */
function onceEach(
  kind: RecordKind,
  options: DuplicateListener,
  next: Handle<RequestDelivery>,
): Handle<RequestDelivery> {
  const { firstPart } = kind;
  const identityOf = (delivery: RequestDelivery) => kind.identityOf(delivery);
  const endOf = (delivery: RequestDelivery) => kind.endOf?.(delivery);
  const whole = unique({ ...options, identityOf }, firstPart ? remainder(firstPart, options, next) : next);
  return kind.endOf ? notEnded({ ...options, endOf }, whole) : whole;
}

function remainder(
  part: MessagePart,
  options: DuplicateListener,
  next: Handle<RequestDelivery>,
): Handle<RequestDelivery> {
  const identityOf = (delivery: RequestDelivery) => part.identityOf(delivery);
  const insteadOfDuplicate = (delivery: RequestDelivery) => next(part.without(delivery));
  return unique({ ...options, identityOf, insteadOfDuplicate }, next);
}

/** What this service has nothing to do with is done. */
function passedOver(kind: RecordKind, next: Handle<RequestDelivery>): Handle<RequestDelivery> {
  if (!kind.isWanted) return next;
  return (delivery) =>
    kind.isWanted?.(delivery.request) ? next(delivery) : Promise.resolve(SETTLED.passedOver);
}

/** What the stages tell, for the log. */
function listenersOf({ counts, logger }: RecordPipelineOptions) {
  return {
    onDuplicate: (delivery: RequestDelivery) =>
      logger.warn(`${describe(delivery)} is not run: another record of it is, or was`),
    onStoreError: (delivery: RequestDelivery, error: unknown) =>
      logger.error(error, `${describe(delivery)}: the store of duplicates has failed`),
    onExpired: (delivery: RequestDelivery) => logger.warn(`${describe(delivery)} has expired, it is not run`),
    onOutage: (delivery: RequestDelivery, error: BrokerError) => {
      counts.retried += 1;
      logger.warn(`${describe(delivery)} runs again: ${error.message}`);
    },
    onRetry: (delivery: RequestDelivery, attempt: number, delayMs: number, error: AsyncCallError) => {
      counts.retried += 1;
      const when = `runs again in ${Math.round(delayMs)} ms`;
      logger.warn(`${describe(delivery)} ${when}: attempt ${attempt} has failed (${inWords(error)})`);
    },
  };
}

/** No fault of ours may stop the service or block a partition: the record is kept, and counts as done. */
function guarded(logger: ServerLogger, keep: KeepDeadLetter, next: Handle<Delivery>): Handle<Delivery> {
  const put = async (delivery: Delivery, error: unknown) => {
    logger.error(error, `${placeOf(delivery.record)} could not be dealt with`);
    await keep(delivery, { kind: 'failed', error: AsyncCallError.from(error), attempts: 0 });
    return delivery.owner.gone.aborted ? ABANDONED : settledAsFailed(AsyncCallError.from(error));
  };
  return (delivery) => {
    try {
      return next(delivery).catch((error: unknown) => put(delivery, error));
    } catch (error) {
      return put(delivery, error);
    }
  };
}

async function answerError(
  { environment, writing, logger }: RecordPipelineOptions,
  { owner, record }: Delivery,
  { answerTo, error }: Failed,
): Promise<boolean> {
  if (!answerTo || owner.gone.aborted) return false;
  try {
    const { signal } = owner.gone;
    await retryUntilReachable(() => sendError(writing, answerTo, error), { environment, signal });
    return true;
  } catch (reason) {
    if (!owner.gone.aborted) logger.error(reason, `${placeOf(record)} cannot be answered (${error.message})`);
    return false;
  }
}

/** Sends the error frame; without its details, and with the start of its message, if it is too large with them. */
async function sendError(
  writing: ResponseWriting,
  answerTo: ErrorAnswer,
  error: AsyncCallError,
): Promise<void> {
  const { correlationId, replyTo, epoch, attempt, seq } = answerTo;
  const place = await replyPlace(writing.directory, answerTo);
  const send = (sent: AsyncCallError) => {
    const head = {
      id: writing.ids.next(),
      seq,
      epoch,
      attempt,
      correlationId,
      source: writing.source,
      state: replyTo.state,
    };
    const record = encodeInForm(replyTo.form, head, [{ kind: 'error', error: sent }]);
    return writing.producer.send({ ...place, ...record });
  };
  try {
    await send(error);
  } catch (reason) {
    if (!(reason instanceof BrokerError) || reason.code !== 'payload-too-large') throw reason;
    const { code, statusCode, message } = error;
    await send(new AsyncCallError(code, `${message.slice(0, 1_000)} (shortened: too large)`, { statusCode }));
  }
}

async function keepDeadLetter(
  options: RecordPipelineOptions,
  { owner, record }: Delivery,
  failed: Failed,
): Promise<void> {
  const { environment, deadLetterTopic: topic, writing, logger, groupId } = options;
  const reason = `${placeOf(record)} has failed for good (${inWords(failed.error)})`;
  if (owner.gone.aborted) return;
  if (topic === undefined) return logger.error(reason);
  try {
    await retryUntilReachable(
      async () => {
        const partitions = (await writing.directory.partitionsOf(topic)) ?? 1;
        const partition = record.key
          ? partitionForKey(record.key, partitions)
          : record.partition % partitions;
        await writing.producer.send(deadLetterOf(record, failed, groupId, { topic, partition }));
      },
      { environment, signal: owner.gone.signal },
    );
    options.counts.deadLettered += 1;
    logger.error(`${reason}: kept in ${topic}`);
  } catch (error) {
    if (!owner.gone.aborted) logger.error(error, `${reason}, and cannot be kept in ${topic}`);
  }
}

/** With what callers are not told. */
function inWords({ code, message, cause }: AsyncCallError): string {
  return `${code}: ${code === 'internal' && cause !== undefined ? messageOf(cause) : message}`;
}

function isOutage(error: unknown): error is BrokerError {
  return error instanceof BrokerError && error.retriable;
}

function describe({ request, record }: RequestDelivery): string {
  return `${placeOf(record)} (${quoted(request.endpoint)}, request ${quoted(request.correlationId.toString('utf8'))})`;
}
