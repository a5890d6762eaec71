import type { RequestKind } from '../protocol/request.js';
import { Fifo } from '../collections/fifo.js';

/** What a call has to wait for depends on where its responses go: to itself, nowhere, or to handlers. */
export type DepartureKind = RequestKind | 'handled';

/** A call that wants to leave. */
export interface Departure {
  readonly kind: DepartureKind;
  /** Whether nobody waits for it any more. */
  readonly isOver: boolean;
  /** Calls back once, when the call is over in whatever way. */
  onOver(listener: () => void): void;
  fail(error: unknown): void;
}

/** What keeps a call from leaving. */
export interface Obstacle {
  /** Resolves when it is gone; rejects if it cannot be removed now. */
  readonly removed: Promise<unknown>;
  /** The kind of calls that it keeps; all others can leave all the same. Absent if it keeps all. */
  readonly only?: DepartureKind;
}

/** What calls leave by. */
export interface Exit<T extends Departure> {
  /** What keeps this call from leaving; `undefined` if it can leave now. */
  obstacleOf(call: T): Obstacle | undefined;
  /** Takes the call away. Must not throw. */
  leave(call: T): void;
}

/**
 * Lets the calls of one service leave in the order they were made, whatever each of them has to wait for. A call
 * that nothing keeps leaves before `push` returns. A call that is over is passed over, and no longer waited for.
 */
export class DepartureQueue<T extends Departure> {
  private readonly waiting = new Fifo<T>();
  /** The present wait of the first call; one that is not the present one any more changes nothing. */
  private wait: object | undefined;

  constructor(private readonly exit: Exit<T>) {}

  push(call: T): void {
    this.waiting.push(call);
    this.advance();
  }

  private advance(): void {
    while (this.wait === undefined) {
      const first = this.waiting.peek();
      if (!first) return;
      const obstacle = first.isOver ? undefined : this.exit.obstacleOf(first);
      if (obstacle) return this.waitFor(obstacle, first);
      this.waiting.take();
      if (!first.isOver) this.exit.leave(first);
    }
  }

  private waitFor(obstacle: Obstacle, first: T): void {
    const wait = (this.wait = {});
    const end = (then?: () => void) => {
      if (this.wait !== wait) return;
      this.wait = undefined;
      then?.();
      this.advance();
    };
    first.onOver(() => end());
    obstacle.removed.then(
      () => end(),
      (error: unknown) => end(() => this.refuse(obstacle, error)),
    );
  }

  /** All that wait for the same thing fail with it: one after the other would take one attempt each. */
  private refuse({ only }: Obstacle, error: unknown): void {
    const refused = this.waiting.takeAll(({ kind }) => only === undefined || kind === only);
    for (const call of refused) call.fail(error);
  }
}
