import type { BrokerError } from '../broker-error.js';
import type { ConsumerListener, ConsumerState } from '../consumer.js';

/** What the owner of a consumer is told about its state: each change once. */
export class ConsumerStatus {
  private current: ConsumerState | undefined;
  private rebalancing = false;
  private started = false;
  /** Why it cannot work at the moment, by who found out. */
  private readonly troubles = new Map<string, BrokerError>();

  constructor(private readonly listener: ConsumerListener) {}

  /** It begins, or begins anew. */
  starting(): void {
    this.started = false;
    this.update();
  }

  /** It is positioned. */
  running(): void {
    this.started = true;
    this.update();
  }

  /** The group is changing, or has settled. */
  changing(rebalancing: boolean): void {
    this.rebalancing = rebalancing;
    this.update();
  }

  /** Something does not work at the moment, or works again. */
  trouble(where: string, error: BrokerError | undefined): void {
    if (error === undefined) this.troubles.delete(where);
    else this.troubles.set(where, error);
    this.update(error);
  }

  /** It has stopped for good; nothing changes that but `closed`. */
  failed(error: BrokerError): void {
    this.tell('failed', error);
  }

  /** It was closed; nothing is told after that. */
  closed(): void {
    this.tell('closed');
  }

  /** Something went wrong that does not change the state. */
  warn(error: BrokerError): void {
    if (this.current !== undefined && !this.isOver()) this.listener.onState?.(this.current, error);
  }

  /** Whether it has failed or was closed. */
  isOver(): boolean {
    return this.current === 'failed' || this.current === 'closed';
  }

  private update(error?: BrokerError): void {
    if (this.isOver()) return;
    if (this.troubles.size > 0) this.tell('unavailable', error ?? [...this.troubles.values()][0]);
    else if (!this.started) this.tell('starting');
    else this.tell(this.rebalancing ? 'rebalancing' : 'running');
  }

  private tell(state: ConsumerState, error?: BrokerError): void {
    if (state === this.current || this.current === 'closed') return;
    this.current = state;
    this.listener.onState?.(state, error);
  }
}
