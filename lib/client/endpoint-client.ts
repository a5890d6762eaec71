import { AsyncSubject, map, Observable } from 'rxjs';
import type { EndpointTarget } from '../protocol/endpoint-address.js';
import type { AsyncCallResponse } from './async-call-response.js';
import type { CallOptions } from './call-options.js';
import type { Caller } from './caller.js';

/** Calls one endpoint with fixed options; cheap to make. Get one by {@link AsyncCallsClient.to}. */
export class EndpointClient {
  constructor(
    private readonly caller: Caller,
    private readonly target: EndpointTarget,
    private readonly options: CallOptions,
  ) {}

  /** A client for the same endpoint with these options instead of, or beside, the present ones. */
  with(options: CallOptions): EndpointClient {
    return new EndpointClient(this.caller, this.target, { ...this.options, ...options });
  }

  /**
   * The values of the partial responses, each when it comes, in the async context of the subscription. Each
   * subscription makes a call of its own; unsubscribing gives it up, and tells the service so. Fails with an
   * {@link AsyncCallError}.
   */
  send<TResult = unknown, TInput = unknown>(data: TInput): Observable<TResult> {
    return this.responses<TResult, TInput>(data).pipe(map((response) => response.value));
  }

  /** As {@link send}, but each value with its id, the id of its request, its place in the stream and its headers. */
  responses<TResult = unknown, TInput = unknown>(data: TInput): Observable<AsyncCallResponse<TResult>> {
    const { target, options } = this;
    return new Observable<AsyncCallResponse>((observer) => {
      const call = this.caller.start({ kind: 'request', target, data, options }, observer);
      return () => call.cancel();
    }) as Observable<AsyncCallResponse<TResult>>;
  }

  /**
   * Sends a one-way call at once, whether or not somebody subscribes. The Observable emits `undefined` and completes
   * when the broker has stored the call; it fails with an {@link AsyncCallError}, which is logged if nobody listens.
   */
  emit<TInput = unknown>(data: TInput): Observable<void> {
    const { target, options } = this;
    const stored = new AsyncSubject<void>();
    this.caller.start(
      { kind: 'one-way', target, data, options },
      {
        next: () => undefined,
        error: (error) => {
          if (!stored.observed) this.caller.listener.onUnobservedError(error);
          stored.error(error);
        },
        complete: () => {
          stored.next();
          stored.complete();
        },
      },
    );
    return stored.asObservable();
  }
}
