import { Observable, type Subscriber } from 'rxjs';
import type { AnyEndpointContract } from '../protocol/endpoint-contract.js';
import { type AsyncCallResponse, responseOf } from './async-call-response.js';
import type { CallTarget } from './call-address.js';
import type { CallOptions } from './call-options.js';
import type { Caller } from './caller.js';
import { sendOneWay } from './one-way.js';
import type { CallObserver } from './pending-call.js';

/** Calls one endpoint with fixed options; cheap to make. Get one by {@link AsyncCallsClient.to}. */
export class EndpointClient {
  constructor(
    private readonly caller: Caller,
    private readonly target: CallTarget,
    private readonly options: CallOptions,
    private readonly contract?: AnyEndpointContract,
  ) {}

  /** A client for the same endpoint with these options instead of, or beside, the present ones. */
  with(options: CallOptions): EndpointClient {
    return new EndpointClient(this.caller, this.target, { ...this.options, ...options }, this.contract);
  }

  /**
   * The values of the partial responses, each when it comes, in the async context of the subscription. Each
   * subscription makes a call of its own; unsubscribing gives it up, and tells the service so. Fails with an
   * {@link AsyncCallError}.
   */
  send<TResult = unknown, TInput = unknown>(data: TInput): Observable<TResult> {
    return this.request<TResult>(data, (subscriber) => subscriber);
  }

  /** As {@link send}, but each value with its id, the id of its request, its place in the stream and its headers. */
  responses<TResult = unknown, TInput = unknown>(data: TInput): Observable<AsyncCallResponse<TResult>> {
    return this.request<AsyncCallResponse<TResult>>(data, (subscriber) => ({
      next: (value, response, call) =>
        subscriber.next(responseOf(value, response, call) as AsyncCallResponse<TResult>),
      error: (error) => subscriber.error(error),
      complete: () => subscriber.complete(),
    }));
  }

  /**
   * Sends a one-way call at once, whether or not somebody subscribes. The Observable emits `undefined` and completes
   * when the broker has stored the call; it fails with an {@link AsyncCallError}, which is logged if nobody listens.
   * Nothing answers it, unless its responses go to handlers: see {@link CallOptions.responses}.
   */
  emit<TInput = unknown>(data: TInput): Observable<void> {
    const { target, options, contract } = this;
    return sendOneWay(this.caller, { target, data, options, contract });
  }

  private request<T>(data: unknown, observerOf: (subscriber: Subscriber<T>) => CallObserver): Observable<T> {
    const { caller, target, options, contract } = this;
    return new Observable<T>((subscriber) => {
      const call = caller.start({ kind: 'request', target, data, options, contract }, observerOf(subscriber));
      return () => call.cancel();
    });
  }
}
