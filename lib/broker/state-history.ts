import type { BrokerError } from './broker-error.js';
import type { Environment } from '../environment/environment.js';
import type { ConsumerState } from './consumer.js';

/** The state of a consumer, and how it came to it. Times are milliseconds since the epoch. */
export interface StateHealth {
  readonly state: ConsumerState;
  /** Since when. */
  readonly since: number;
  /** What last went wrong; it may be over. */
  readonly lastError: { readonly error: BrokerError; readonly at: number } | undefined;
  /** Since when it is `starting` or `rebalancing`, or both in turn; `undefined` if it is neither. */
  readonly unsettledSince: number | undefined;
  /** When it last became `running`; `undefined` if it never has. */
  readonly settledAt: number | undefined;
}

/** Notes each state with its time. It begins as `starting`. */
export class StateHistory {
  private current: StateHealth;

  constructor(private readonly environment: Environment) {
    const since = environment.now();
    this.current = {
      state: 'starting',
      since,
      lastError: undefined,
      unsettledSince: since,
      settledAt: undefined,
    };
  }

  /** What is noted by now. */
  get health(): StateHealth {
    return this.current;
  }

  /** Somebody says what the state is. */
  report(state: ConsumerState, error?: BrokerError): void {
    const at = this.environment.now();
    const { current } = this;
    const lastError = error ? { error, at } : current.lastError;
    if (state === current.state) {
      if (error) this.current = { ...current, lastError };
      return;
    }
    this.current = {
      state,
      since: at,
      lastError,
      unsettledSince: isUnsettled(state) ? (current.unsettledSince ?? at) : undefined,
      settledAt: state === 'running' ? at : current.settledAt,
    };
  }
}

function isUnsettled(state: ConsumerState): boolean {
  return state === 'starting' || state === 'rebalancing';
}
