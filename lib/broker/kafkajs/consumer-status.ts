import type { BrokerError } from '../broker-error.js';
import type { ConsumerListener, ConsumerState } from '../consumer.js';
import { StateChanges } from '../state-changes.js';
import { mayPass } from './errors.js';

/** What a broker that was reached refuses is told only if it goes on for longer: it is mostly over sooner. */
const GRACE_MS = 1_000;

interface Trouble {
  readonly error: BrokerError;
  /** When it is to be told, in milliseconds since the epoch. */
  readonly due: number;
}

/** What the owner of a consumer is told about its state: each change once, see {@link StateChanges}. */
export class ConsumerStatus {
  private current: ConsumerState | undefined;
  private readonly changes = new StateChanges((state, error) => this.listener.onState?.(state, error));
  private rebalancing = false;
  private started = false;
  /** Why it cannot work at the moment, by who found out. */
  private readonly troubles = new Map<string, Trouble>();
  private grace: NodeJS.Timeout | undefined;

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
    else {
      const due = Date.now() + (mayPass(error) ? GRACE_MS : 0);
      this.troubles.set(where, { error, due: Math.min(due, this.troubles.get(where)?.due ?? due) });
    }
    this.update();
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

  private update(): void {
    clearTimeout(this.grace);
    if (this.isOver()) return;
    const first = [...this.troubles.values()].sort((a, b) => a.due - b.due).at(0);
    const graceMs = first === undefined ? 0 : first.due - Date.now();
    if (graceMs > 0) this.grace = setTimeout(() => this.update(), graceMs).unref();
    if (first !== undefined && graceMs <= 0) this.tell('unavailable', first.error);
    else if (!this.started) this.tell('starting');
    else this.tell(this.rebalancing ? 'rebalancing' : 'running');
  }

  private tell(state: ConsumerState, error?: BrokerError): void {
    if (this.current === 'closed') return;
    this.current = state;
    if (this.isOver()) clearTimeout(this.grace);
    this.changes.report(state, error);
  }
}
