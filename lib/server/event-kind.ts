import type { MessageHandler } from '@nestjs/microservices';
import { always } from '../delivery/stages/dead-lettered.js';
import { AsyncCallError } from '../errors/async-call-error.js';
import { checkEvent } from '../protocol/contract-checks.js';
import { decodeEvent } from '../protocol/event.js';
import { quoted } from '../protocol/quoted.js';
import { AsyncEventContext } from './async-event-context.js';
import type { EventExtras } from './async-event.decorator.js';
import type { EventSubscription } from './event-handlers.js';
import type { RecordKind } from './record-kind.js';
import type { Registered } from './registered.js';

/** More types than this are not told apart any more: they may be made up by a fault. */
const MAX_WARNINGS = 100;

/** The events that a group gets by one subscription. */
export function eventKind(
  { handlers, group, topic: subscribed }: EventSubscription,
  groupId: string,
  warn: (message: string) => void,
): RecordKind {
  const nameOf = (type: string | undefined) => [String(subscribed), type].filter(Boolean).join(' ');
  const byName = new Map([...handlers].map(([type, registered]) => [nameOf(type), registered]));
  const find = (name: string): Registered<EventExtras> | undefined => byName.get(name);
  const warned = new Set<string>();

  return {
    decode: (record) => {
      const { type, ...event } = decodeEvent(record, record.topic);
      const name = nameOf(handlers.has(type) || !handlers.has(undefined) ? type : undefined);
      // What several groups of one service write would be one stream to whoever has asked: only its own one answers.
      const replyTo = group === undefined ? event.replyTo : undefined;
      return { ...event, replyTo, endpoint: name, kind: replyTo ? 'request' : 'one-way' };
    },
    isWanted: ({ endpoint }) => {
      if (byName.has(endpoint)) return true;
      if (!warned.has(endpoint) && warned.size < MAX_WARNINGS) {
        warned.add(endpoint);
        warn(`Events ${quoted(endpoint)} are passed over in ${groupId}: there is no handler for their type`);
      }
      return false;
    },
    identityOf: ({ request: { correlationId }, record: { topic } }) =>
      correlationId.length === 0
        ? undefined
        : `event ${groupId} ${topic} ${correlationId.toString('latin1')}`,
    needsLetter: always,
    isFact: true,
    optionsOf: (name) => find(name)?.extras,
    handlerOf: (name): MessageHandler | undefined => find(name)?.handler,
    batchOf: (name) => find(name)?.extras.batch,
    checkOf: (name) => {
      const contract = find(name)?.extras.contract;
      return contract?.schema && ((data) => checkEvent(contract, data));
    },
    unhandled: (name) => new AsyncCallError('unknown-endpoint', `There is no handler for ${quoted(name)}.`),
    dataOf: (value) => value,
    contextOf: (delivery) => new AsyncEventContext(delivery),
  };
}
