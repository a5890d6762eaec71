import type { BrokerError } from './broker-error.js';
import type { ConsumerState } from './consumer.js';

/** Passes on each change of a state once: those who wait for a broker say so again and again. */
export class StateChanges {
  private current: ConsumerState | undefined;

  constructor(private readonly onChange: (state: ConsumerState, error?: BrokerError) => void) {}

  /** Somebody says what the state is. */
  report(state: ConsumerState, error?: BrokerError): void {
    if (state === this.current) return;
    this.current = state;
    this.onChange(state, error);
  }
}
