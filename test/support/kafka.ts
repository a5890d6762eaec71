import { describe } from '@jest/globals';

export { uniqueName } from './unique-name.js';
export { waitFor, type WaitOptions } from './wait-for.js';

/** The addresses of the broker the tests run against, `undefined` if there is none. */
export function kafkaBootstrap(): string[] | undefined {
  const bootstrap = process.env['KAFKA_BOOTSTRAP'];
  return bootstrap ? bootstrap.split(',') : undefined;
}

/** `describe` for what needs a real broker: skipped, and reported as such, when there is none. */
export function describeOnKafka(name: string, define: () => void): void {
  (kafkaBootstrap() ? describe : describe.skip)(name, define);
}
