import { BaseRpcContext } from '@nestjs/microservices';
import type { Cutoff } from '../delivery/cutoff.js';

/** What every handler of this library gets beside its data. */
export abstract class HandlerContext<T extends unknown[] = unknown[]> extends BaseRpcContext<T> {
  constructor(
    args: T,
    private readonly cutoff: Cutoff,
  ) {
    super(args);
  }

  /**
   * Aborts when the result is no longer wanted here: the sender has given up or does not wait any more, the handler has
   * taken too long, or this instance shuts down or has lost the partition.
   */
  get signal(): AbortSignal {
    return this.cutoff.signal;
  }
}
