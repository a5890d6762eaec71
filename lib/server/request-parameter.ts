import 'reflect-metadata';
import { PARAM_ARGS_METADATA } from '@nestjs/microservices/constants.js';

/** As much as is looked at of what Nest knows of a decorated parameter. */
interface DecoratedParameter {
  readonly index: number;
}

/**
 * What is wrong with the first parameter of a method, which is to take the request; `undefined` if nothing. Nest hands
 * the request to the first parameter of a method without decorated ones; else decorated ones get what they ask for, and
 * all others `undefined`. The decorators of parameters run before those of their method.
 */
export function requestParameterFault(
  controller: object,
  key: string | symbol,
  { length }: { readonly length: number },
): string | undefined {
  const known: unknown = Reflect.getMetadata(PARAM_ARGS_METADATA, controller, key);
  const decorated = Object.values(known ?? {}) as DecoratedParameter[];
  if (length === 0 || decorated.length === 0 || decorated.some(({ index }) => index === 0)) return undefined;
  return (
    'its first parameter would be undefined, because others are decorated and it is not. ' +
    'Write @Payload() before it'
  );
}
