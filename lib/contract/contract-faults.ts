import { inspect } from 'node:util';
import { AsyncCallError } from '../errors/async-call-error.js';
import { schemaFault } from '../protocol/schema.js';

/** What can be wrong with each part of a contract that there is. */
export type PartFaults = Readonly<Record<string, (part: unknown) => string | undefined>>;

/** What is wrong with a schema that may be left out; `undefined` if nothing. */
export function optionalSchemaFault(schema: unknown): string | undefined {
  return schema === undefined ? undefined : schemaFault(schema);
}

/** What is wrong with the parts of a contract. A misspelt one must not pass for no schema. */
export function partFaults(parts: unknown, faultOf: PartFaults): string[] {
  if (typeof parts !== 'object' || parts === null) return [`${inspect(parts)} is no object`];
  return Object.entries(parts).flatMap(([name, part]) => {
    if (!Object.hasOwn(faultOf, name)) {
      return [`there is no option "${name}": there are ${Object.keys(faultOf).join(', ')}`];
    }
    const fault = faultOf[name](part);
    return fault ? [`${name}: ${fault}`] : [];
  });
}

/** Throws one `invalid-argument` error that names all faults, if there are any. */
export function assertNoFaults(where: string, faults: readonly (string | undefined)[]): void {
  const found = faults.filter((fault) => fault !== undefined);
  if (found.length > 0) throw new AsyncCallError('invalid-argument', `${where}: ${found.join('; ')}.`);
}
