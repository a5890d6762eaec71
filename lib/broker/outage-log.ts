import type { Environment } from '../environment/environment.js';
import type { BrokerError } from './broker-error.js';
import type { ConsumerState } from './consumer.js';

/** Where it is told; Nest's logger is one. */
interface Log {
  log(message: string): void;
  warn(message: string): void;
}

/** Tells people when the broker cannot be used, why, and when it can be used again. */
export class OutageLog {
  private since: number | undefined;

  constructor(
    private readonly logger: Log,
    private readonly environment: Environment,
  ) {}

  /** The state is another one now, or has another reason. */
  stateChanged(state: ConsumerState, error?: BrokerError): void {
    const now = this.environment.uptime();
    if (state === 'unavailable') {
      this.since ??= now;
      this.logger.warn(`Waiting, and trying again: ${error?.message}`);
    } else if (state === 'running' && this.since !== undefined) {
      this.logger.log(`The broker can be used again, after ${((now - this.since) / 1_000).toFixed(1)} s`);
      this.since = undefined;
    }
  }
}
