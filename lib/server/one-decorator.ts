import 'reflect-metadata';
import { AsyncCallError } from '../errors/async-call-error.js';

/** Where Nest keeps what a method is called for. */
const PATTERN_METADATA = 'microservices:pattern';

/** Throws `invalid-argument` if the method is a message handler already: of two decorators Nest keeps one, in silence. */
export function assertOneDecorator(decorator: string, method: object, declaredBy: string): void {
  const patterns = Reflect.getMetadata(PATTERN_METADATA, method) as readonly unknown[] | undefined;
  if (patterns === undefined) return;
  throw new AsyncCallError(
    'invalid-argument',
    `${declaredBy} is a message handler already (${patterns.map(String).join(', ')}), and Nest keeps one decorator ` +
      `of a method: ${decorator} needs a method of its own. Give it one that calls this one.`,
  );
}
