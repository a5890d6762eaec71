import type { Environment } from '../environment/environment.js';
import type { Admin } from './admin.js';
import { BrokerError } from './broker-error.js';

/** How long a partition count is trusted. */
const MAX_AGE_MS = 60_000;

interface Entry {
  readonly partitions: Promise<number | undefined>;
  readonly askedAt: number;
  /** The answer, once it is there. */
  known?: number;
}

/** Remembers how many partitions each topic has. Topics that do not exist are asked for again each time. */
export class TopicDirectory {
  private readonly entries = new Map<string, Entry>();

  constructor(
    private readonly admin: Admin,
    private readonly environment: Environment,
  ) {}

  /**
   * The topic's number of partitions; `undefined` if it does not exist. Rejects as the admin does, but while the
   * broker cannot be reached goes by what it knows.
   */
  partitionsOf(topic: string): Promise<number | undefined> {
    const known = this.entries.get(topic);
    if (known && this.isFresh(known)) return known.partitions;
    const entry: Entry = { partitions: this.ask(topic, known), askedAt: this.environment.now() };
    this.entries.set(topic, entry);
    entry.partitions.then(
      (partitions) => {
        entry.known = partitions;
        if (partitions === undefined) this.drop(topic, entry);
      },
      () => this.drop(topic, entry),
    );
    return entry.partitions;
  }

  /** The same without asking anybody; `undefined` also if it is not known. */
  knownPartitionsOf(topic: string): number | undefined {
    const entry = this.entries.get(topic);
    return entry && this.isFresh(entry) ? entry.known : undefined;
  }

  /** Forgets the topic: a send has shown that it is not as it was. */
  forget(topic: string): void {
    this.entries.delete(topic);
  }

  private async ask(topic: string, known: Entry | undefined): Promise<number | undefined> {
    try {
      const [description] = await this.admin.describeTopics([topic]);
      return description?.partitions.length;
    } catch (error) {
      if (known && error instanceof BrokerError && error.retriable) return known.partitions;
      throw error;
    }
  }

  private isFresh({ askedAt }: Entry): boolean {
    return this.environment.now() - askedAt < MAX_AGE_MS;
  }

  private drop(topic: string, entry: Entry): void {
    if (this.entries.get(topic) === entry) this.entries.delete(topic);
  }
}
