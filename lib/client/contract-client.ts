import type { Observable } from 'rxjs';
import type { AsyncCallResponse } from './async-call-response.js';
import type { CallOptions } from './call-options.js';

/**
 * Calls the endpoint of a contract with fixed options: an {@link EndpointClient} with the contract's types, which checks
 * what the contract has schemas for. Get one by {@link AsyncCallsClient.to}.
 *
 * A request that its schema refuses is not sent: the call fails with `bad-request`. A response that its schema refuses
 * fails the call with `protocol-error`, after the responses before it. `details` of both are the issues,
 * `{ path, message }[]`.
 */
export interface ContractClient<in Req, out Res> {
  /** See {@link EndpointClient.with}. */
  with(options: CallOptions): ContractClient<Req, Res>;
  /** See {@link EndpointClient.send}. */
  send(data: Req): Observable<Res>;
  /** See {@link EndpointClient.responses}. */
  responses(data: Req): Observable<AsyncCallResponse<Res>>;
  /** See {@link EndpointClient.emit}. */
  emit(data: Req): Observable<void>;
}
