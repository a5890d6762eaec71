import type { MessageHandler } from '@nestjs/microservices';
import { inspect } from 'node:util';
import type { GroupStart } from '../broker/consumer.js';
import { AsyncCallError } from '../errors/async-call-error.js';
import { isInternalTopic, type TopicNames } from '../protocol/topic-names.js';
import type { EventExtras } from './async-event.decorator.js';
import { startOf } from './event-options.js';
import { declaredTwice, type Registered } from './registered.js';

/** The handlers of one group for the events of one topic, or of the topics that match one pattern. */
export interface EventSubscription {
  readonly group: string | undefined;
  readonly topic: string | RegExp;
  readonly startFrom: GroupStart;
  /** By the type that they take; `undefined` for the one that takes all others. */
  readonly handlers: ReadonlyMap<string | undefined, Registered<EventExtras>>;
}

interface GrowingSubscription extends EventSubscription {
  readonly handlers: Map<string | undefined, Registered<EventExtras>>;
}

/** The event handlers of one service. */
export class EventHandlers {
  private readonly byTopic = new Map<string, GrowingSubscription>();

  constructor(
    private readonly service: string,
    private readonly topicNames: TopicNames,
  ) {}

  /** What the service subscribes to. Throws `invalid-argument` if two subscriptions of a group have a topic in common. */
  get subscriptions(): readonly EventSubscription[] {
    const all = [...this.byTopic.values()];
    for (const pattern of all) for (const named of all) assertApart(pattern, named);
    return all;
  }

  /**
   * Throws `invalid-argument` for a second handler of the same events, for one that starts elsewhere than the others of
   * its topic, and for topics in which there are no events.
   */
  add(handler: MessageHandler, extras: EventExtras): void {
    const { group, topic, type, declaredBy } = extras;
    this.assertNotInternal(extras);
    const key = `${group ?? ''} ${topic}`;
    const subscription = this.byTopic.get(key) ?? {
      group,
      topic,
      startFrom: startOf(extras),
      handlers: new Map<string | undefined, Registered<EventExtras>>(),
    };
    const existing = subscription.handlers.get(type)?.extras.declaredBy;
    if (existing !== undefined) {
      throw declaredTwice(
        `A handler of ${describe(extras)} in the service "${this.service}"`,
        [existing, declaredBy],
        "Give one of them a group of its own, @AsyncEvent(…, { group: 'name' }), or have one call the other.",
      );
    }
    assertSameStart(subscription, extras);
    subscription.handlers.set(type, { handler, extras });
    this.byTopic.set(key, subscription);
  }

  private assertNotInternal({ topic, declaredBy }: EventExtras): void {
    const { service, topicNames: names } = this;
    const own = [names.requests(service), names.replies(service), names.deadLetters(service)];
    const hit =
      topic instanceof RegExp
        ? [...own, '__consumer_offsets'].find((name) => topic.test(withoutPrefix(name, names)))
        : [names.events(topic)].find(isInternalTopic);
    if (hit === undefined) return;
    throw new AsyncCallError(
      'invalid-argument',
      `${declaredBy} subscribes to ${String(topic)}, which ${topic instanceof RegExp ? 'matches' : 'is'} "${hit}": ` +
        'that is no topic of events. Write a narrower pattern, or another name.',
    );
  }
}

/** The name of a topic as subscribers write it; one without the prefix is left as it is. */
export function withoutPrefix(topic: string, names: TopicNames): string {
  const prefix = names.events('');
  return topic.startsWith(prefix) ? topic.slice(prefix.length) : topic;
}

function assertSameStart({ startFrom, handlers }: EventSubscription, extras: EventExtras): void {
  const [first] = handlers.values();
  if (!first || inspect(startFrom) === inspect(startOf(extras))) return;
  throw new AsyncCallError(
    'invalid-argument',
    `${first.extras.declaredBy} and ${extras.declaredBy} take ${describe(extras)} in one group, ` +
      'and start from different places. Give both the same startFrom, or one of them a group of its own.',
  );
}

function assertApart(pattern: EventSubscription, named: EventSubscription): void {
  if (!(pattern.topic instanceof RegExp) || typeof named.topic !== 'string') return;
  if (pattern.group !== named.group || !pattern.topic.test(named.topic)) return;
  const [one, other] = [pattern, named].map(({ handlers: [[, { extras }]] }) => extras.declaredBy);
  throw new AsyncCallError(
    'invalid-argument',
    `The pattern ${String(pattern.topic)} of ${one} matches the topic "${named.topic}" of ${other}, in one group. ` +
      "Write a narrower pattern, or give one of them a group of its own: { group: 'name' }.",
  );
}

function describe({ topic, type }: EventExtras): string {
  return `${type === undefined ? 'the events' : `the events of type "${type}"`} in ${String(topic)}`;
}
