import { BrokerError } from '../broker/broker-error.js';
import type { Broker } from '../broker/broker.js';
import type { ProducerRecord, TopicPartitionOffset } from '../broker/record.js';
import { cancelledRequestOf } from '../protocol/cancel.js';
import { correlationIdOf } from '../protocol/response.js';
import { AbsentServices } from './absent-services.js';
import { Deliveries, type Handled } from './deliveries.js';
import type { Faults } from './faults.js';
import { MessageLog, type SentRecord } from './message-log.js';
import type { SenderView } from './sent-message.js';
import type { TestTime } from './test-time.js';

/** A consumer group that reads topics in this test. */
export interface ReadingGroup {
  readonly service: string;
  readonly group: string;
  readonly topics: ReadonlySet<string>;
}

/** Where a message is, and who is to deal with it. */
interface Addressed {
  readonly place: TopicPartitionOffset;
  readonly groups: readonly string[];
}

/** What is shared by everything that takes part in one test. */
export class TestWorld {
  readonly deliveries = new Deliveries();
  readonly log = new MessageLog();
  readonly absent = new AbsentServices();
  private readonly groups = new Map<string, ReadingGroup>();
  /** By the id of the request. */
  private readonly addressed = new Map<string, Addressed>();
  private preparing: Promise<unknown> = Promise.resolve();

  constructor(
    readonly broker: Broker,
    readonly time: TestTime,
    /** Stands before the name of every topic and group; empty on a broker of its own. */
    readonly prefix: string,
    readonly faults: Faults,
  ) {}

  /** Nobody looks for topics before this is done. */
  prepare<T>(work: Promise<T>): Promise<T> {
    const before = this.preparing;
    this.preparing = Promise.allSettled([before, work]);
    return work;
  }

  /** Resolves when all that was prepared is there. */
  async prepared(): Promise<void> {
    await this.preparing;
  }

  /** A group reads topics. It goes on to be one that does while none of its members is there: they are to come back. */
  join(group: ReadingGroup): void {
    this.groups.set(group.group, group);
  }

  /** The groups of a service, with what they read. */
  groupsOfService(service: string): ReadingGroup[] {
    return [...this.groups.values()].filter((each) => each.service === service);
  }

  /** A record that is about to be sent. */
  sentRecord(record: ProducerRecord, sender: SenderView): SentRecord {
    return { record, sender, atMs: Math.round(this.time.elapsed) };
  }

  /** The broker has stored a record: each group that reads its topic is to deal with it. */
  stored(sent: SentRecord, place: TopicPartitionOffset): void {
    // A cancel is dealt with together with its request.
    if (cancelledRequestOf(sent.record)) return;
    const groups = this.groupsReading(place.topic);
    for (const group of groups) this.deliveries.expect({ group, place, sent });
    const requestId = correlationIdOf(sent.record)?.toString('utf8') ?? '';
    // Answers bear the id of their request, and a second copy is none that anybody waits for.
    if (!this.addressed.has(requestId)) this.addressed.set(requestId, { place, groups });
  }

  /** Resolves when every group has dealt with a message that was stored, by the id of its request. */
  handled(requestId: string): Promise<Handled[]> {
    return this.endsOf(this.addressed.get(requestId)!);
  }

  /** Resolves when every group that reads it has dealt with a record that was stored just now. */
  handledAt(place: TopicPartitionOffset): Promise<Handled[]> {
    return this.endsOf({ place, groups: this.groupsReading(place.topic) });
  }

  private endsOf({ place, groups }: Addressed): Promise<Handled[]> {
    return Promise.all(groups.map((group) => this.deliveries.ended(group, place)));
  }

  groupsReading(topic: string): string[] {
    const reading = [...this.groups.values()].filter(({ topics }) => topics.has(topic));
    return reading.map(({ group }) => group);
  }
}

/** What a component is told while the broker is stopped. */
export function brokerStopped(what: string): BrokerError {
  return new BrokerError('unavailable', `${what}: the broker is stopped by the test`, { retriable: true });
}
