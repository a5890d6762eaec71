import type { AsyncCallError } from '../errors/async-call-error.js';
import type { MessageHeaders } from '../protocol/message-headers.js';

/** A request that a fake endpoint has got. */
export interface FakeRequest<T = unknown> {
  readonly data: T;
  /** The calling service; `undefined` if it does not say. */
  readonly from: string | undefined;
  /** How many requests this endpoint has got, this one included. */
  readonly count: number;
  readonly requestId: string;
  /** The partition key as text; `null` for none. */
  readonly key: string | null;
  readonly headers: MessageHeaders;
}

/** A response as a broken or unlucky service would send it: nothing of it is made right. */
export interface RawResponse {
  /** Its place in the stream, from 0. */
  readonly seq: number;
  /** `next`: a value. `last`: a value, and the end. `complete`: the end. `error`: the bad end. Default `next`. */
  readonly kind?: 'next' | 'last' | 'complete' | 'error';
  readonly value?: unknown;
  /** Of the kind `error`. */
  readonly error?: AsyncCallError;
  /** Which attempt at the request it comes from, from 1. Default 1. */
  readonly attempt?: number;
  /** Which owner of the partition it comes from: a later one has a greater number. Default 0. */
  readonly epoch?: number;
}

/** What a fake endpoint does at a request, one after the other. */
export type FakeStep =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'function'; readonly answer: (request: FakeRequest<never>) => unknown }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'raw'; readonly response: RawResponse }
  | { readonly kind: 'end' }
  | { readonly kind: 'fail'; readonly error: unknown }
  | { readonly kind: 'silence' };

/**
 * Says what a fake endpoint answers, from the next request on: `tester.fake('bank/balance').responds(1, 2).after(500).fails(error)`.
 * Each method adds a step; the stream ends after the last one, unless that has ended it, or left it open.
 */
export class FakeEndpoint {
  private readonly steps: FakeStep[] = [];

  /** Values, each as a response of its own. */
  responds(...values: readonly unknown[]): this {
    for (const value of values) this.steps.push({ kind: 'value', value });
    return this;
  }

  /**
   * What the function returns for the request, as an endpoint's method would: a value, a promise, an Observable, an
   * (async) generator. What it throws the caller gets as an endpoint's error.
   */
  answers<T = unknown>(answer: (request: FakeRequest<T>) => unknown): this {
    this.steps.push({ kind: 'function', answer });
    return this;
  }

  /** Waits, in the time of the test. */
  after(ms: number): this {
    this.steps.push({ kind: 'wait', ms });
    return this;
  }

  /** Ends the stream with an error: an `AsyncCallError`, an `HttpException`, or whatever an endpoint may throw. */
  fails(error: unknown): this {
    this.steps.push({ kind: 'fail', error });
    return this;
  }

  /** Sends no more, not even an end. Alone: says nothing at all. */
  staysSilent(): this {
    this.steps.push({ kind: 'silence' });
    return this;
  }

  /** Responses just so: out of their order, twice, of another attempt, without an end. The stream is not ended by itself. */
  sends(...responses: readonly RawResponse[]): this {
    for (const response of responses) this.steps.push({ kind: 'raw', response });
    return this;
  }

  /** The steps in their order, with the end that goes without saying. */
  script(): readonly FakeStep[] {
    const last = this.steps.at(-1)?.kind;
    const endsItself = last === 'fail' || last === 'silence' || last === 'raw';
    return endsItself ? this.steps : [...this.steps, { kind: 'end' }];
  }
}
