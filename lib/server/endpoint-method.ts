import type { Observable } from 'rxjs';

/** Where the responses of an endpoint can come from, each of them a `T`. */
export type EndpointResult<T> = ResponseSource<T> | Promise<ResponseSource<T>>;

type ResponseSource<T> = T | Observable<T> | AsyncIterable<T> | IterableIterator<T>;

/**
 * A method that fits a contract: its first parameter takes the request, its result is the response, or a promise,
 * Observable, async iterable or generator of it. Its other parameters are Nest's: `@Ctx()` and so on.
 */
export type EndpointMethod<HandledReq, HandledRes> = (
  request: HandledReq,
  ...others: never[]
) => EndpointResult<HandledRes>;

/** Decorates methods that fit a contract; the compiler refuses others. */
export type EndpointMethodDecorator<HandledReq, HandledRes> = <
  Method extends EndpointMethod<HandledReq, HandledRes>,
>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<Method>,
) => void;
