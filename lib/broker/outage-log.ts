import type { Logger } from '@nestjs/common';
import type { Environment } from '../environment/environment.js';
import type { BrokerError } from './broker-error.js';
import type { ConsumerState } from './consumer.js';

/** Tells people when the broker cannot be used, why, and when it can be used again. */
export class OutageLog {
  private since: number | undefined;

  constructor(
    private readonly logger: Pick<Logger, 'log' | 'warn'>,
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
