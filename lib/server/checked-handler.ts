import type { MessageHandler } from '@nestjs/microservices';
import { isObservable } from 'rxjs';
import { checkEvent, checkOutgoingResponse, checkRequest } from '../protocol/contract-checks.js';
import type { AnyEndpointContract } from '../protocol/endpoint-contract.js';
import type { AnyEventContract } from '../protocol/event-contract.js';
import type { AsyncCallContext } from './async-call-context.js';
import { checkedResponses } from './checked-responses.js';
import type { HandlerContext } from './handler-context.js';

/**
 * The handler behind the schemas of its contract: it gets what the request's schema makes of a request, and each
 * response is checked before it is written. One whose contract has no schemas is left as it is.
 */
export function checkedHandler(handler: MessageHandler, contract: AnyEndpointContract): MessageHandler {
  const answering = contract.response ? withCheckedResponses(handler, contract) : handler;
  return contract.request ? withCheckedData(answering, (data) => checkRequest(contract, data)) : answering;
}

/** The same for events: the handler gets what the schema makes of an event. */
export function checkedSubscriber(handler: MessageHandler, contract: AnyEventContract): MessageHandler {
  return contract.schema ? withCheckedData(handler, (data) => checkEvent(contract, data)) : handler;
}

function withCheckedData(handler: MessageHandler, check: (data: unknown) => unknown): MessageHandler {
  return async (data: unknown, context: HandlerContext): Promise<unknown> => {
    const checking = check(data);
    if (!(checking instanceof Promise)) return handler(checking, context);
    const checked: unknown = await checking;
    // A request that was given up before its turn is not run.
    return context.signal.aborted ? undefined : handler(checked, context);
  };
}

function withCheckedResponses(handler: MessageHandler, contract: AnyEndpointContract): MessageHandler {
  const check = (value: unknown) => checkOutgoingResponse(contract, value);
  return async (data: unknown, context: AsyncCallContext): Promise<unknown> => {
    const result: unknown = await handler(data, context);
    // Nobody gets the responses of a one-way call.
    if (context.oneWay) return result;
    return isObservable(result) ? checkedResponses(result, check) : check(result);
  };
}
