import type { MessageHandler } from '@nestjs/microservices';
import type { RequestDelivery } from '../delivery/delivery.js';
import { unlessTheCallers } from '../delivery/stages/dead-lettered.js';
import { AsyncCallError } from '../errors/async-call-error.js';
import { quoted } from '../protocol/quoted.js';
import { decodeRequest } from '../protocol/request.js';
import { AsyncCallContext } from './async-call-context.js';
import type { EndpointOptions } from './endpoint-options.js';
import { PatternContext } from './pattern.context.js';
import type { RecordKind } from './record-kind.js';

/** The endpoints of a service. */
export interface Endpoints {
  handlerOf(endpoint: string): MessageHandler | undefined;
  optionsOf(endpoint: string): EndpointOptions | undefined;
  /** Whether it is served by the handler of a plain pattern. */
  isPattern(endpoint: string): boolean;
  /** Whether any of them says how many of its requests run at once. */
  readonly areLimited: boolean;
}

/** Requests to the endpoints of a service. */
export function requestKind(service: string, endpoints: Endpoints): RecordKind {
  return {
    decode: (record) => decodeRequest(record, record.topic),
    identityOf,
    needsLetter: unlessTheCallers,
    optionsOf: (endpoint) => endpoints.optionsOf(endpoint),
    handlerOf: (endpoint) => endpoints.handlerOf(endpoint),
    unhandled: (endpoint) =>
      new AsyncCallError('unknown-endpoint', `The service "${service}" has no endpoint ${quoted(endpoint)}.`),
    dataOf: (value) => value,
    contextOf: (delivery) =>
      endpoints.isPattern(delivery.request.endpoint)
        ? new PatternContext(delivery)
        : new AsyncCallContext(delivery),
  };
}

/** Foreign callers may count their ids from 1: they are told apart by where they want their responses. */
function identityOf({ request: { correlationId, replyTo } }: RequestDelivery): string | undefined {
  if (correlationId.length === 0) return undefined;
  const id = correlationId.toString('latin1');
  return replyTo ? `${replyTo.topic} ${id}` : id;
}
