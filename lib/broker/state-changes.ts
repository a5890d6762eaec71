import type { BrokerError } from './broker-error.js';
import type { ConsumerState } from './consumer.js';

/**
 * Passes on each change of a state once: those who wait for a broker say so again and again. While the state stays the
 * same, a reason is passed on too if it is another one than before and says more than that the broker is `unavailable`.
 */
export class StateChanges {
  private current: ConsumerState | undefined;
  private reason: BrokerError | undefined;

  constructor(private readonly onChange: (state: ConsumerState, error?: BrokerError) => void) {}

  /** Somebody says what the state is. */
  report(state: ConsumerState, error?: BrokerError): void {
    if (state === this.current && !this.saysMore(error)) return;
    this.current = state;
    this.reason = error;
    this.onChange(state, error);
  }

  private saysMore(error: BrokerError | undefined): boolean {
    return error !== undefined && error.code !== 'unavailable' && error.code !== this.reason?.code;
  }
}
