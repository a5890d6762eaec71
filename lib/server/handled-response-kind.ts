import type { MessageHandler } from '@nestjs/microservices';
import type { RequestDelivery } from '../delivery/delivery.js';
import { always } from '../delivery/stages/dead-lettered.js';
import { AsyncCallError } from '../errors/async-call-error.js';
import { decodeHandledResponse, type HandledResponse, withoutValue } from '../protocol/handled-response.js';
import { quoted } from '../protocol/quoted.js';
import { AsyncResponseContext } from './async-response-context.js';
import type { EndpointOptions } from './endpoint-options.js';
import { receivedResponse } from './received-response.js';
import type { RecordKind } from './record-kind.js';

/** The handlers of responses of a service, by `service/endpoint` of the calls. */
export interface ResponseHandlers {
  handlerOf(call: string): MessageHandler | undefined;
  optionsOf(call: string): EndpointOptions | undefined;
  /** Whether any of them says how many of its responses run at once. */
  readonly areLimited: boolean;
}

/** Responses that come to the handlers of a service. */
export function handledResponseKind(service: string, handlers: ResponseHandlers): RecordKind {
  return {
    decode: decodeHandledResponse,
    identityOf: (delivery) => identityOf(responseOf(delivery)),
    firstPart: {
      identityOf: (delivery) => valueIdentityOf(responseOf(delivery)),
      without: (delivery) => ({ ...delivery, request: withoutValue(responseOf(delivery)) }),
    },
    endOf: (delivery) => endIdentityOf(responseOf(delivery)),
    needsLetter: always,
    optionsOf: (call) => handlers.optionsOf(call),
    handlerOf: (call) => handlers.handlerOf(call),
    unhandled: (call) =>
      new AsyncCallError(
        'unknown-endpoint',
        `The service "${service}" has no handler of the responses of ${quoted(call)}. Write one with @AsyncResponse.`,
      ),
    dataOf: (value, delivery) => receivedResponse(responseOf(delivery), value),
    contextOf: (delivery) => new AsyncResponseContext(delivery, responseOf(delivery)),
  };
}

/** What the kind itself has read. */
function responseOf({ request }: RequestDelivery): HandledResponse {
  return request as HandledResponse;
}

/**
 * A stream has one end, though it may come as `last` in one delivery of the request and as `complete`, one place behind
 * the last value, in another.
 */
function identityOf(handled: HandledResponse): string {
  const { kind, seq } = handled.response;
  return kind === 'next' ? placeOf(handled, seq) : placeOf(handled, 'end');
}

/** The same value is a `next` in another delivery of the request, or was one: then only the end is left of it. */
function valueIdentityOf(handled: HandledResponse): string | undefined {
  const { kind, seq } = handled.response;
  return kind === 'last' ? placeOf(handled, seq) : undefined;
}

/** What a later delivery writes behind the end that was handled is not part of the stream any more. */
function endIdentityOf(handled: HandledResponse): string | undefined {
  return handled.response.kind === 'next' ? placeOf(handled, 'end') : undefined;
}

function placeOf({ correlationId }: HandledResponse, place: number | 'end'): string {
  return `response ${correlationId.toString('latin1')}/${place}`;
}
