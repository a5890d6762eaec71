import { describe, expect, it } from '@jest/globals';
import { topicNames } from '../../../lib/protocol/topic-names.js';
import type { EventExtras } from '../../../lib/server/async-event.decorator.js';
import { isInternalTopic } from '../../../lib/protocol/topic-names.js';
import { EventHandlers, withoutPrefix } from '../../../lib/server/event-handlers.js';
import { extrasOf, IDLE_HANDLER } from './event-delivery.js';

type Declared = [topic: string | RegExp, declaredBy: string, options?: Partial<EventExtras>];

/** The handlers of a service with these, in the order in which Nest finds them. */
function handlersOf(declared: Declared[], prefix = ''): EventHandlers {
  const handlers = new EventHandlers('kitchen', topicNames(prefix));
  for (const each of declared) handlers.add(IDLE_HANDLER, extrasOf(...each));
  return handlers;
}

const subscriptionsOf = (...declared: Declared[]) => handlersOf(declared).subscriptions;

describe('EventHandlers', () => {
  it('puts the handlers of a topic together, by their types, and groups apart', () => {
    const subscriptions = subscriptionsOf(
      ['pizza', 'A.all'],
      ['pizza', 'A.baked', { type: 'Baked' }],
      ['pizza', 'A.reports', { group: 'reports' }],
      [/^pasta/, 'A.pasta', { startFrom: 'earliest' }],
    );
    const summary = subscriptions.map(({ group, topic, startFrom, handlers }) => {
      return { group, topic, startFrom, types: [...handlers.keys()] };
    });
    expect(summary).toEqual([
      { group: undefined, topic: 'pizza', startFrom: 'latest', types: [undefined, 'Baked'] },
      { group: 'reports', topic: 'pizza', startFrom: 'latest', types: [undefined] },
      { group: undefined, topic: /^pasta/, startFrom: 'earliest', types: [undefined] },
    ]);
  });

  it.each<[string, Declared[], RegExp]>([
    [
      'two handlers of all events of a topic',
      [
        ['pizza', 'A.one'],
        ['pizza', 'B.two'],
      ],
      /the events in pizza in the service "kitchen" is declared twice: by A\.one and by B\.two.*group of its own/,
    ],
    [
      'two handlers of one type',
      [
        ['pizza', 'A.one', { type: 'Baked' }],
        ['pizza', 'B.two', { type: 'Baked' }],
      ],
      /the events of type "Baked" in pizza .* declared twice/,
    ],
    [
      'two handlers of one pattern',
      [
        [/^piz/, 'A.one'],
        [/^piz/, 'B.two'],
      ],
      /the events in \/\^piz\/ .* declared twice/,
    ],
    [
      'one handler that is found twice',
      [
        ['pizza', 'A.one'],
        ['pizza', 'A.one'],
      ],
      /declared twice, both times by A\.one.*list the controller in one module/,
    ],
    [
      'two places to start in one topic',
      [
        ['pizza', 'A.one', { startFrom: 'earliest' }],
        ['pizza', 'B.two', { type: 'Baked' }],
      ],
      /A\.one and B\.two .*start from different places/,
    ],
    [
      'two times to start at in one topic',
      [
        ['pizza', 'A.one', { startFrom: new Date(1) }],
        ['pizza', 'B.two', { type: 'Baked', startFrom: new Date(2) }],
      ],
      /different places/,
    ],
    [
      'a pattern that matches a named topic of its group, declared before it',
      [
        [/^piz/, 'A.one', { group: 'x' }],
        ['pizza', 'B.two', { group: 'x' }],
      ],
      /\/\^piz\/ of A\.one matches the topic "pizza" of B\.two.*narrower pattern/,
    ],
    [
      'a pattern that matches a named topic of its group, declared after it',
      [
        ['pizza', 'B.two'],
        [/^piz/, 'A.one'],
      ],
      /\/\^piz\/ of A\.one matches the topic "pizza" of B\.two/,
    ],
    ['a topic of requests', [['bank.requests', 'A.one']], /"bank\.requests": that is no topic of events/],
    ['a topic of replies', [['bank.replies', 'A.one']], /no topic of events/],
    ['a topic of responses', [['bank.responses', 'A.one']], /no topic of events/],
    ['a topic of dead letters', [['bank.dead-letters', 'A.one']], /no topic of events/],
    ["a topic of Kafka's own", [['__consumer_offsets', 'A.one']], /no topic of events/],
    [
      'a pattern that matches all',
      [[/./, 'A.one']],
      /A\.one subscribes to \/\.\/, which matches "kitchen\.requests"/,
    ],
    ["a pattern that matches Kafka's own", [[/offsets$/, 'A.one']], /matches "__consumer_offsets"/],
  ])('refuses %s', (_, declared, reason) => {
    expect(() => subscriptionsOf(...declared)).toThrow(reason);
    expect(() => subscriptionsOf(...declared)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
  });

  it('accepts the same time twice, and a pattern beside a topic of another group', () => {
    const accepted = subscriptionsOf(
      ['pizza', 'A.one', { startFrom: new Date(1) }],
      ['pizza', 'B.two', { startFrom: new Date(1), type: 'Baked' }],
      [/^piz/, 'A.three', { group: 'x' }],
    );
    expect(accepted).toHaveLength(2);
  });

  it('has names and patterns without the prefix of the topics', () => {
    expect(() => handlersOf([[/^kitchen/, 'A.one']], 'staging.')).toThrow(
      /matches "staging\.kitchen\.requests"/,
    );
    expect(handlersOf([[/^staging/, 'A.one']], 'staging.').subscriptions).toHaveLength(1);
    expect(withoutPrefix('staging.pizza', topicNames('staging.'))).toBe('pizza');
    expect(withoutPrefix('pizza', topicNames('staging.'))).toBe('pizza');
  });

  it.each([
    ['pizza', false],
    ['requests', false],
    ['bank.requests', true],
    ['__transaction_state', true],
  ])('knows whether %s may hold events', (topic, isInternal) => {
    expect(isInternalTopic(topic)).toBe(isInternal);
  });
});
