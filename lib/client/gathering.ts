import type { Subscriber } from 'rxjs';
import type { AsyncCallResponse } from './async-call-response.js';
import type {
  Gathered,
  GatheredFailure,
  GatheredResponse,
  GatherReason,
  GatherRules,
} from './gather-options.js';
import type { Environment, TimerHandle } from '../environment/environment.js';
import { AsyncCallError } from '../errors/async-call-error.js';

/** Takes what several sources answer, until there is enough; then it tells so, and takes nothing more. */
export class Gathering<T> {
  private readonly responses: GatheredResponse<T>[] = [];
  private readonly failures: GatheredFailure[] = [];
  private readonly unfinished: Set<string>;
  private readonly timer: TimerHandle | undefined;
  /** There is enough, by this rule. */
  private enough: GatherReason | undefined;
  private isOver = false;

  constructor(
    /** Those that are known to be asked; where there are none it ends by its rules alone. */
    asked: readonly string[],
    private readonly rules: GatherRules<T>,
    private readonly subscriber: Subscriber<Gathered<T>>,
    private readonly environment: Environment,
  ) {
    this.unfinished = new Set(asked);
    const { withinMs } = rules;
    if (withinMs !== undefined && Number.isFinite(withinMs)) {
      this.timer = environment.setTimeout(() => this.end('time'), withinMs);
    }
  }

  next(from: string, response: AsyncCallResponse<T>): void {
    if (this.isOver || this.enough) return;
    const gathered: GatheredResponse<T> = { kind: 'response', from, ...response };
    this.responses.push(gathered);
    this.subscriber.next(gathered);
    if (this.responses.length === this.rules.count) this.endSoon('count');
    else if (this.isEnough()) this.endSoon('when');
  }

  /** The stream of this one has ended. */
  ended(from: string, error?: unknown): void {
    if (this.isOver) return;
    const isAsked = this.unfinished.delete(from);
    if (error !== undefined) {
      const failure = { kind: 'failure', from, error: AsyncCallError.from(error) } as const;
      this.failures.push(failure);
      this.subscriber.next(failure);
    }
    if (isAsked && this.unfinished.size === 0 && !this.enough) this.end('all');
  }

  /** Nothing comes any more. */
  end(reason: GatherReason): void {
    if (this.isOver) return;
    this.stop();
    const { responses, failures } = this;
    this.subscriber.next({ kind: 'end', reason, responses, failures, unfinished: [...this.unfinished] });
    this.subscriber.complete();
  }

  /** Nobody listens any more. */
  stop(): void {
    this.isOver = true;
    this.environment.clearTimeout(this.timer);
  }

  /** The last response may bring the end of its stream with it: whoever has sent it is not to be called unfinished. */
  private endSoon(reason: GatherReason): void {
    this.enough = reason;
    queueMicrotask(() => this.end(reason));
  }

  private isEnough(): boolean {
    try {
      return this.rules.when?.(this.responses) ?? false;
    } catch (error) {
      this.stop();
      this.subscriber.error(error);
      return false;
    }
  }
}
