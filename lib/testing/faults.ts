import { BrokerError } from '../broker/broker-error.js';
import type { SentMessage } from './sent-message.js';
import { matches, type SentFilter } from './sent-messages.js';

/** How long a message takes to the broker, in milliseconds: always the same, or between two bounds. */
export type DelayMs = number | { readonly min: number; readonly max: number };

/** Why a broker does not take a message; `unavailable` may pass, the others stay. */
export type RefusalCode = 'unavailable' | 'payload-too-large' | 'authorization-failed' | 'unknown-topic';

interface Refusal {
  readonly code: RefusalCode;
  /** How many more are refused. */
  left: number;
}

/** Hears of the broker's stops and starts. */
export type BrokerListener = (isStopped: boolean) => void;

interface Rule<T> {
  readonly filter: SentFilter;
  readonly setting: T;
}

/** What goes wrong between the services and the broker. */
export class Faults {
  private readonly delays: Rule<DelayMs>[] = [];
  private readonly duplicates: Rule<number>[] = [];
  private readonly refusals: Rule<Refusal>[] = [];
  private readonly listeners = new Set<BrokerListener>();
  private stopped = false;

  constructor(private readonly chance: () => number) {}

  get brokerIsStopped(): boolean {
    return this.stopped;
  }

  /** Whether anything depends on what is sent. */
  get areSet(): boolean {
    return this.delays.length + this.duplicates.length + this.refusals.length > 0;
  }

  /** Messages of this kind reach the broker late. Those of one partition and one sender keep their order. */
  delay(ms: DelayMs, filter: SentFilter = {}): void {
    this.delays.push({ filter, setting: ms });
  }

  /** Messages of this kind are stored twice, with this probability each. */
  duplicate(filter: SentFilter = {}, probability: number): void {
    this.duplicates.push({ filter, setting: probability });
  }

  /** Messages of this kind are not stored, so many times. */
  refuse(code: RefusalCode, filter: SentFilter = {}, times: number): void {
    this.refusals.push({ filter, setting: { code, left: times } });
  }

  /** Ends delays, duplicates and refusals. */
  clear(): void {
    this.delays.length = 0;
    this.duplicates.length = 0;
    this.refusals.length = 0;
  }

  setBrokerStopped(stopped: boolean): void {
    if (stopped === this.stopped) return;
    this.stopped = stopped;
    for (const listener of this.listeners) listener(stopped);
  }

  onBroker(listener: BrokerListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  delayOf(messages: readonly SentMessage[]): number {
    const rule = applying(this.delays, messages);
    if (!rule) return 0;
    const { setting } = rule;
    if (typeof setting === 'number') return setting;
    return Math.round(setting.min + this.chance() * (setting.max - setting.min));
  }

  isDuplicated(messages: readonly SentMessage[]): boolean {
    const rule = applying(this.duplicates, messages);
    return rule !== undefined && this.chance() < rule.setting;
  }

  /** Why the record of these messages is not stored this time; `undefined` if it is. */
  refusalOf(messages: readonly SentMessage[]): BrokerError | undefined {
    const rule = applying(
      this.refusals.filter(({ setting }) => setting.left > 0),
      messages,
    );
    if (!rule) return undefined;
    rule.setting.left -= 1;
    const { code } = rule.setting;
    return new BrokerError(code, 'the test has the broker refuse it: faults.refuse', {
      retriable: code === 'unavailable',
    });
  }
}

/** The last rule that was made for one of the messages. */
function applying<T>(rules: readonly Rule<T>[], messages: readonly SentMessage[]): Rule<T> | undefined {
  return rules.findLast(({ filter }) => messages.some((message) => matches(message, filter)));
}
