import { inspect } from 'node:util';
import { endpointNameFault, normalizeEndpoint, serviceNameFault } from '../protocol/endpoint-address.js';
import type { EndpointContract } from '../protocol/endpoint-contract.js';
import type { Schema } from '../protocol/schema.js';
import { assertNoFaults, optionalSchemaFault, partFaults } from './contract-faults.js';

/** The schemas of an endpoint, of any library that implements Standard Schema. */
export interface EndpointSchemas<Req, Res, HandledReq = Req, HandledRes = Res> {
  /** Checks requests at the caller, before they are sent, and at the service. Default: no check. */
  readonly request?: Schema<Req, HandledReq>;
  /** Checks each response at the service, before it is sent, and at the caller. Default: no check. */
  readonly response?: Schema<HandledRes, Res>;
}

const FAULT_OF = { request: optionalSchemaFault, response: optionalSchemaFault };

/**
 * Defines an endpoint for both sides, in a file that both import: `@AsyncEndpoint(contract)` makes a method that fits it
 * the endpoint, `client.call(contract, data)` calls it with the right types.
 *
 * The types are those of the schemas; where there is no schema they can be given: `defineEndpoint<Wish, Bundle>(…)`.
 * A missing first slash of the endpoint's name is added. Throws `invalid-argument`, naming all that is wrong.
 */
export function defineEndpoint<Req = unknown, Res = unknown, HandledReq = Req, HandledRes = Res>(
  service: string,
  endpoint: string,
  schemas: EndpointSchemas<Req, Res, HandledReq, HandledRes> = {},
): EndpointContract<Req, Res, HandledReq, HandledRes> {
  assertNoFaults(`defineEndpoint(${inspect(service)}, ${inspect(endpoint)})`, [
    serviceNameFault(service),
    endpointNameFault(endpoint),
    ...partFaults(schemas, FAULT_OF),
  ]);
  const { request, response } = schemas;
  const address = Object.freeze({ service, endpoint: normalizeEndpoint(endpoint) });
  return Object.freeze({ address, request, response });
}
