import { runInCall } from '../context/current-call.js';
import { Cutoff } from '../delivery/cutoff.js';
import { ABANDONED, type AttemptDelivery, type Handle, type Outcome, SETTLED } from '../delivery/delivery.js';
import type { Environment, TimerHandle } from '../environment/environment.js';
import type { AsyncCallError } from '../errors/async-call-error.js';
import { quoted } from '../protocol/quoted.js';
import { AsyncEventBatchContext } from './async-event-batch-context.js';
import { AsyncEventContext } from './async-event-context.js';
import { AttemptLimits, type LimitedAttempt } from './attempt-limits.js';
import { mapError } from './error-mapping.js';
import type { BatchOptions } from './event-options.js';
import { runHandler } from './run-handler.js';
import { dataOf, type ServedOptions } from './served.js';

const DEFAULT_WAIT_MS = 100;

/** An attempt that waits for the others of its batch. */
interface Waiting {
  readonly delivery: AttemptDelivery;
  readonly end: (outcome: Outcome) => void;
  /** A fault of ours: it has no outcome. */
  readonly fail: (fault: unknown) => void;
  /** It waits no more. */
  readonly forget: () => void;
}

/** An attempt whose data could be read. */
interface Member extends Waiting {
  readonly data: unknown;
}

/**
 * The innermost stage for handlers of batches: collects attempts until there are enough or the first has waited long
 * enough, and calls the handler once for them. Each attempt ends by itself: with its own failure, with the failure of the
 * whole, or well. What its partition's next owner is to do does not keep the others from ending.
 */
export function batched(options: ServedOptions, single: Handle<AttemptDelivery>): Handle<AttemptDelivery> {
  const collectors = new Map<string, Collector>();
  return (delivery) => {
    const { endpoint } = delivery.request;
    const batch = options.kind.batchOf?.(endpoint);
    if (!batch) return single(delivery);
    let collector = collectors.get(endpoint);
    if (!collector) {
      collector = new Collector(batch, options.environment, (waiting) => {
        runBatch(options, endpoint, waiting).catch((fault: unknown) =>
          waiting.forEach(({ fail }) => fail(fault)),
        );
      });
      collectors.set(endpoint, collector);
    }
    return collector.add(delivery);
  };
}

/** Those of one handler that wait. */
class Collector {
  private waiting: Waiting[] = [];
  private timer: TimerHandle | undefined;

  constructor(
    private readonly options: BatchOptions,
    private readonly environment: Environment,
    private readonly run: (batch: readonly Waiting[]) => void,
  ) {}

  add(delivery: AttemptDelivery): Promise<Outcome> {
    // A drain does not wait for what will not come.
    const forget = delivery.owner.closing.onAbort(() => this.leave());
    const outcome = new Promise<Outcome>((end, fail) => this.waiting.push({ delivery, end, fail, forget }));
    if (this.waiting.length >= this.options.size) this.leave();
    else
      this.timer ??= this.environment.setTimeout(() => this.leave(), this.options.waitMs ?? DEFAULT_WAIT_MS);
    return outcome;
  }

  private leave(): void {
    this.environment.clearTimeout(this.timer);
    this.timer = undefined;
    const batch = this.waiting;
    this.waiting = [];
    for (const { forget } of batch) forget();
    if (batch.length > 0) this.run(batch);
  }
}

async function runBatch(
  options: ServedOptions,
  endpoint: string,
  waiting: readonly Waiting[],
): Promise<void> {
  const members = (await Promise.all(waiting.map((each) => readable(options, endpoint, each)))).flat();
  if (members.length === 0) return;
  const gone = allOf(members.map(({ delivery }) => delivery.cutoff));
  const cutoff = new Cutoff(gone);
  const events = members.map(({ delivery }) => new AsyncEventContext(delivery));
  const context = new AsyncEventBatchContext(events, cutoff);
  const whole = await called(options, members, context, { endpoint, cutoff, gone });
  members.forEach((member, index) => {
    const error = context.failed.has(index) ? failureOf(options, endpoint, context.failed.get(index)) : whole;
    member.end(outcomeOf(member.delivery, error));
  });
}

/** Calls the handler; what it has failed with for all of them. */
async function called(
  options: ServedOptions,
  members: readonly Member[],
  context: AsyncEventBatchContext,
  ends: Omit<LimitedAttempt, 'deadline'>,
): Promise<AsyncCallError | undefined> {
  const { endpoint, cutoff } = ends;
  const deadline = Number.POSITIVE_INFINITY;
  const { environment, nowhere, maxHandlerMsOf } = options;
  const limits = new AttemptLimits({ ...ends, deadline }, maxHandlerMsOf(endpoint), environment);
  const handler = options.kind.handlerOf(endpoint);
  try {
    if (!handler) throw options.kind.unhandled(endpoint);
    const call = { handler, data: members.map(({ data }) => data) };
    const scope = { deadline, ready: () => nowhere.ready() };
    const { notWaitedFor } = limits;
    await options.aroundCall(context, () =>
      runInCall(scope, () => runHandler(call, context, nowhere, { cutoff, notWaitedFor })),
    );
    limits.check();
    return undefined;
  } catch (thrown) {
    return failureOf(options, endpoint, thrown);
  } finally {
    limits.clear();
  }
}

/**
 * The attempt and its data; none, and the attempt has ended, if that cannot be read or breaks its contract, or is another
 * instance's by now.
 */
async function readable(options: ServedOptions, endpoint: string, waiting: Waiting): Promise<Member[]> {
  if (waiting.delivery.owner.gone.aborted) {
    waiting.end(ABANDONED);
    return [];
  }
  try {
    const data = dataOf(options, waiting.delivery);
    const check = options.kind.checkOf?.(endpoint);
    return [{ ...waiting, data: check ? await check(data) : data }];
  } catch (thrown) {
    waiting.end(outcomeOf(waiting.delivery, mapError(thrown).error));
    return [];
  }
}

function failureOf({ logger }: ServedOptions, endpoint: string, thrown: unknown): AsyncCallError {
  const { error, unexpected } = mapError(thrown);
  if (unexpected || error.code === 'internal')
    logger.error(thrown, `A batch of ${quoted(endpoint)} has failed`);
  return error;
}

function outcomeOf({ owner, attempt }: AttemptDelivery, error: AsyncCallError | undefined): Outcome {
  if (owner.gone.aborted) return ABANDONED;
  return error ? { kind: 'failed', error, attempts: attempt } : SETTLED.served;
}

/** Aborts when all of them have. */
function allOf(cutoffs: readonly Cutoff[]): Cutoff {
  const all = new Cutoff();
  let left = cutoffs.length;
  const stops = cutoffs.map((cutoff) =>
    cutoff.onAbort(() => {
      left -= 1;
      if (left === 0) all.abort();
    }),
  );
  all.onAbort(() => stops.forEach((stop) => stop()));
  return all;
}
