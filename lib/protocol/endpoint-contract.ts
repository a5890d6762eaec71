import type { EndpointAddress } from './endpoint-address.js';
import type { Schema } from './schema.js';

/**
 * What both sides of an endpoint have agreed on: its name, and the types and schemas of its requests and responses. Made
 * by {@link defineEndpoint}, in a file that both import.
 *
 * @typeParam Req - what a caller sends
 * @typeParam Res - what a caller gets, each time
 * @typeParam HandledReq - what the handler gets: what the request's schema makes of `Req`
 * @typeParam HandledRes - what the handler gives: of it the response's schema makes `Res`
 */
export interface EndpointContract<in Req, out Res, out HandledReq = Req, in HandledRes = Res> {
  /** Whose endpoint it is, and its name. */
  readonly address: EndpointAddress;
  /** Checks each request, at the caller and at the service; absent for no check. */
  readonly request?: Schema;
  /** Checks each response, at the service and at the caller; absent for no check. */
  readonly response?: Schema;
  /** Nothing at run time: it carries the types. */
  readonly '~types'?: {
    readonly call: (request: Req) => Res;
    readonly handle: (response: HandledRes) => HandledReq;
  };
}

/** A contract of whatever types. */
export type AnyEndpointContract = EndpointContract<never, unknown, unknown, never>;

/** Whether it is a contract, and no other way to name an endpoint. */
export function isEndpointContract(target: unknown): target is AnyEndpointContract {
  if (typeof target !== 'object' || target === null || !('address' in target)) return false;
  return typeof target.address === 'object' && target.address !== null;
}
