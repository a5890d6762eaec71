import type { BrokerError } from '../broker/broker-error.js';
import type { ConsumerState } from '../broker/consumer.js';

/** What `client.on(…)` tells. */
export interface AsyncCallsClientEvents {
  /** The state has changed: the same as `status`, with the error where there is one. */
  state: (state: ConsumerState, error?: BrokerError) => void;
  /** The broker cannot be reached, has refused this client, or the reader of replies has stopped. */
  error: (error: BrokerError) => void;
}

/** Those who want to hear of events. One that throws keeps no other from hearing. */
export class ClientEvents {
  private readonly listeners: { [E in keyof AsyncCallsClientEvents]: AsyncCallsClientEvents[E][] } = {
    state: [],
    error: [],
  };

  constructor(private readonly onFault: (fault: unknown) => void) {}

  /** The names of the events. */
  get names(): string[] {
    return Object.keys(this.listeners);
  }

  /** Adds a listener, for good. */
  add<E extends keyof AsyncCallsClientEvents>(event: E, listener: AsyncCallsClientEvents[E]): void {
    this.listeners[event].push(listener);
  }

  /** Tells of a change of the state. */
  stateChanged(state: ConsumerState, error?: BrokerError): void {
    for (const listener of this.listeners.state) this.attempt(() => listener(state, error));
    if (!error) return;
    for (const listener of this.listeners.error) this.attempt(() => listener(error));
  }

  private attempt(tell: () => void): void {
    try {
      tell();
    } catch (fault) {
      this.onFault(fault);
    }
  }
}
