import type { RequestDelivery } from '../delivery/delivery.js';
import { unlessTheCallers } from '../delivery/stages/dead-lettered.js';
import { AsyncCallError } from '../errors/async-call-error.js';
import { normalizeEndpoint } from '../protocol/endpoint-address.js';
import { decodeNestRequest } from '../protocol/nest/nest-request.js';
import { nestSerializer } from '../protocol/nest/nest-value.js';
import { quoted } from '../protocol/quoted.js';
import type { PatternHandlers } from './pattern-handlers.js';
import { patternMessageOf } from './pattern-message.js';
import { PatternContext } from './pattern.context.js';
import type { RecordKind } from './record-kind.js';

/** Requests and events in topics of Nest's own Kafka transport: the topic is the pattern. */
export function nestTopicKind(service: string, patterns: PatternHandlers): RecordKind {
  return {
    decode: (record) => {
      const endpoint = normalizeEndpoint(record.topic);
      const isEvent = patterns.isEvent(endpoint);
      return decodeNestRequest(record, { topic: record.topic, endpoint, isEvent });
    },
    serializer: nestSerializer,
    identityOf,
    needsLetter: unlessTheCallers,
    optionsOf: () => undefined,
    handlerOf: (endpoint) => patterns.handlerOf(endpoint),
    unhandled: (endpoint) =>
      new AsyncCallError(
        'unknown-endpoint',
        `The service "${service}" has no handler for the topic ${quoted(endpoint)}.`,
      ),
    // Nest hands a handler the whole message where there is no value.
    dataOf: (value, { record }) => value ?? patternMessageOf(record),
    contextOf: (delivery) => new PatternContext(delivery),
  };
}

/** Ids of events may be of what has caused them, and so come more than once. */
function identityOf({ request: { correlationId, replyTo }, record }: RequestDelivery): string | undefined {
  return replyTo && `${record.topic} ${replyTo.topic} ${correlationId.toString('latin1')}`;
}
