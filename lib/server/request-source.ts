import type { Delivery, Handle } from '../delivery/delivery.js';
import { cancelledRequestOf } from '../protocol/cancel.js';
import { HEADER } from '../protocol/header-names.js';
import { headerOf } from '../protocol/wire-record.js';
import { gatesOf, Intake } from './intake.js';
import type { RecordKind } from './record-kind.js';
import { type Endpoints, requestKind } from './request-kind.js';
import type { ServerOptions } from './server-options.js';
import type { Source } from './source.js';

/** The requests to the endpoints of a service. */
export function requestSource(
  { service, requestTopic, delivery: { concurrency, maxInFlight } }: ServerOptions,
  endpoints: Endpoints,
  pipelineOf: (kind: RecordKind) => Handle<Delivery>,
): Source {
  const intake = new Intake({
    concurrency,
    maxInFlight,
    handle: pipelineOf(requestKind(service, endpoints)),
    laneOf: ({ key }) => key,
    gateOf: gatesOf(endpoints, (record) => headerOf(record, HEADER.endpoint)?.toString('utf8') ?? ''),
    cancelledRequestOf,
  });
  return { topics: [requestTopic], startFrom: 'earliest', intake };
}
