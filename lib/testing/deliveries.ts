import type { TopicPartitionOffset } from '../broker/record.js';
import type { SettledAs } from '../delivery/delivery.js';
import type { AsyncCallError } from '../errors/async-call-error.js';
import type { SentRecord } from './message-log.js';

/** What has become of a message in one consumer group that reads it. */
export interface Handled {
  /** The consumer group: the service's name, unless it was set to something else. */
  readonly group: string;
  /**
   * `served`: its handler has run, and all responses are stored. `failed`: for good, see `error`; after its retries. The others:
   * it was not run, or not to its end, because its time was over, its caller has given it up, it was there twice, or the
   * service has no handler for its type.
   */
  readonly as: SettledAs;
  readonly error?: AsyncCallError;
}

/** A record that a group has to deal with. */
export interface Expected {
  readonly group: string;
  readonly place: TopicPartitionOffset;
  readonly sent: SentRecord;
}

/** Keeps account of the records that consumer groups of the test have to deal with, and of those that they have. */
export class Deliveries {
  private readonly expected = new Map<string, Expected>();
  private readonly handled = new Map<string, Handled>();
  private readonly waiting = new Map<string, ((handled: Handled) => void)[]>();
  private readonly idle = new Set<() => void>();
  private readonly sending = new Set<object>();

  /** What nobody has dealt with yet. */
  get open(): Expected[] {
    return [...this.expected.values()];
  }

  /** Records are on their way: the returned function tells that they have arrived. */
  sendingStarted(): () => void {
    const records = {};
    this.sending.add(records);
    return () => {
      if (this.sending.delete(records)) this.tellIfIdle();
    };
  }

  /** A group is to deal with a record. It may have done so already. */
  expect(expected: Expected): void {
    const key = keyOf(expected.group, expected.place);
    if (!this.handled.has(key)) this.expected.set(key, expected);
  }

  /** A group has dealt with a record. */
  end(group: string, place: TopicPartitionOffset, handled: Handled): void {
    const key = keyOf(group, place);
    this.handled.set(key, handled);
    this.expected.delete(key);
    for (const resolve of this.waiting.get(key) ?? []) resolve(handled);
    this.waiting.delete(key);
    this.tellIfIdle();
  }

  /** Resolves when the group has dealt with the record. */
  ended(group: string, place: TopicPartitionOffset): Promise<Handled> {
    const key = keyOf(group, place);
    const handled = this.handled.get(key);
    if (handled) return Promise.resolve(handled);
    return new Promise((resolve) => {
      this.waiting.set(key, [...(this.waiting.get(key) ?? []), resolve]);
    });
  }

  /** Resolves when all is dealt with, and nothing is on its way. */
  async allEnded(): Promise<void> {
    while (!this.isIdle()) await new Promise<void>((resolve) => this.idle.add(resolve));
  }

  private isIdle(): boolean {
    return this.sending.size === 0 && this.expected.size === 0;
  }

  private tellIfIdle(): void {
    if (!this.isIdle()) return;
    const resolves = [...this.idle];
    this.idle.clear();
    for (const resolve of resolves) resolve();
  }
}

function keyOf(group: string, { topic, partition, offset }: TopicPartitionOffset): string {
  return `${group} ${topic}[${partition}]@${offset}`;
}
