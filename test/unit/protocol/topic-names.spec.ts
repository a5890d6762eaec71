import { expect, it } from '@jest/globals';
import { isInternalTopic, isTopicName } from '../../../lib/protocol/topic-names.js';

it.each(['bank.requests', 'a.replies', 'a.responses', 'a.dead-letters', 'sum.reply', '__consumer_offsets'])(
  '%s is an internal topic',
  (topic) => expect(isInternalTopic(topic)).toBe(true),
);

it.each(['requests', 'bank.requests.v2', 'reply', 'sum_reply', 'a__b'])('%s is none', (topic) =>
  expect(isInternalTopic(topic)).toBe(false),
);

it.each(['', 'a/b', '{"cmd":"sum"}', 'a'.repeat(250)])('%j is no name of a topic', (name) =>
  expect(isTopicName(name)).toBe(false),
);
