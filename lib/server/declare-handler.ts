import 'reflect-metadata';
import { MessagePattern } from '@nestjs/microservices';
import { AsyncCallError } from '../errors/async-call-error.js';
import { observeIterables } from './iterable-source.js';
import { ASYNC_CALLS_TRANSPORT } from './transport.js';

/** Where Nest's decorators leave the pattern of a method. */
const PATTERN_METADATA = 'microservices:pattern';

/** What every decorator of this library leaves for the server, in Nest's `extras` of the handler. */
export interface HandlerExtras {
  /** `Controller.method`, for messages. */
  readonly declaredBy: string;
  /** The service whose handler it is; needed only where several live in one Nest application. */
  readonly service?: string;
}

/**
 * Makes a method a handler of this library's. `pattern` is what Nest knows it by. Throws `invalid-argument` if the method
 * is a message handler already: Nest would keep one of the two, without a word.
 */
export function declareHandler<E extends HandlerExtras>(
  pattern: string,
  extras: Omit<E, 'declaredBy'>,
  decorator: string,
): MethodDecorator {
  return (target, key, descriptor: PropertyDescriptor) => {
    const declaredBy = methodNameOf(target, key);
    if (Reflect.hasMetadata(PATTERN_METADATA, descriptor.value as object)) {
      throw new AsyncCallError(
        'invalid-argument',
        `${declaredBy} cannot be ${decorator} too: it is a message handler already. ` +
          'Make a method for each, and have one call the other.',
      );
    }
    descriptor.value = observeIterables(descriptor.value as (...args: unknown[]) => unknown);
    return MessagePattern(pattern, ASYNC_CALLS_TRANSPORT, { ...extras, declaredBy })(target, key, descriptor);
  };
}

/** `Controller.method`, for messages. */
export function methodNameOf({ constructor }: object, key: string | symbol): string {
  return `${constructor.name}.${String(key)}`;
}
