import type { PendingCall } from './pending-call.js';

/** Calls that are not over, by the id of their request. */
export class PendingCalls {
  private readonly calls = new Map<string, PendingCall>();
  private whenEmpty: (() => void) | undefined;
  /** One for all calls. */
  private readonly remove = ({ requestId }: PendingCall): void => {
    this.calls.delete(requestId);
    if (this.calls.size === 0) this.whenEmpty?.();
  };

  /** How many there are. */
  get size(): number {
    return this.calls.size;
  }

  /** Adds a call, and removes it when it is over. */
  add(call: PendingCall): void {
    this.calls.set(call.requestId, call);
    call.onOver(this.remove);
  }

  /** The call of this request; `undefined` if it is over, or was never here. */
  get(requestId: string): PendingCall | undefined {
    return this.calls.get(requestId);
  }

  /** Ends every call for which there is an error with it. */
  failAll(errorOf: (call: PendingCall) => Error | undefined): void {
    for (const call of Array.from(this.calls.values())) {
      const error = errorOf(call);
      if (error) call.fail(error);
    }
  }

  /** Ends every call because its client is closed. */
  closeAll(): void {
    // A copy: whoever hears of it may call again.
    for (const call of Array.from(this.calls.values())) call.close();
  }

  /** Resolves when no call is left. */
  async allOver(): Promise<void> {
    if (this.calls.size === 0) return;
    await new Promise<void>((resolve) => (this.whenEmpty = resolve));
  }
}
