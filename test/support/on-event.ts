import { EventPattern } from '@nestjs/microservices';

/** `@EventPattern()`, without the type that it gives to the first parameter: a handler may have any. */
export function OnEvent(pattern: string | RegExp): MethodDecorator {
  const decorator: MethodDecorator = EventPattern<string | RegExp>(pattern);
  return decorator;
}
