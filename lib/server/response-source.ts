import type { ConsumerRecord } from '../broker/record.js';
import type { Delivery, Handle } from '../delivery/delivery.js';
import { answeredCallOf, nameOfCall } from '../protocol/handled-response.js';
import { correlationIdOf } from '../protocol/response.js';
import { handledResponseKind, type ResponseHandlers } from './handled-response-kind.js';
import { gatesOf, Intake } from './intake.js';
import type { RecordKind } from './record-kind.js';
import type { ServerOptions } from './server-options.js';
import type { Source } from './source.js';

/** The responses that come to the handlers of a service. Those of one request are handled one after the other. */
export function responseSource(
  { service, responseTopic, delivery: { concurrency, maxInFlight } }: ServerOptions,
  handlers: ResponseHandlers,
  pipelineOf: (kind: RecordKind) => Handle<Delivery>,
): Source {
  const intake = new Intake({
    concurrency,
    maxInFlight,
    handle: pipelineOf(handledResponseKind(service, handlers)),
    laneOf: (record) => correlationIdOf(record) ?? null,
    gateOf: gatesOf(handlers, callOf),
  });
  return { topics: [responseTopic], startFrom: 'earliest', intake };
}

function callOf(record: ConsumerRecord): string {
  try {
    return nameOfCall(answeredCallOf(record));
  } catch {
    // The pipeline deals with it.
    return '';
  }
}
