import { inspect } from 'node:util';
import type { StandardSchemaV1 } from '@standard-schema/spec';

/** A schema of any library that implements [Standard Schema](https://standardschema.dev): zod, valibot, arktype … */
export type Schema<Input = unknown, Output = Input> = StandardSchemaV1<Input, Output>;

/** One thing that is wrong with a value. */
export interface ValidationIssue {
  /** Where in the value, e.g. `items.0.price`; empty for the value as a whole. */
  readonly path: string;
  /** What is wrong there, in the words of the schema. */
  readonly message: string;
}

/** Makes the error of a value that a schema refuses. */
export type FaultOf = (issues: readonly ValidationIssue[]) => Error;

/** A value of many faults, each listed, would make an error that is larger than itself. */
const MAX_ISSUES = 100;

/**
 * What the schema makes of the value: a promise only if the schema is asynchronous. Throws, or rejects with, what
 * `faultOf` makes of the first 100 issues; and what the schema itself throws.
 */
export function checkValue(schema: Schema, value: unknown, faultOf: FaultOf): unknown {
  const result = schema['~standard'].validate(value);
  return 'then' in result
    ? Promise.resolve(result).then((later) => outputOf(later, faultOf))
    : outputOf(result, faultOf);
}

/** What is wrong with a schema; `undefined` if nothing. */
export function schemaFault(schema: unknown): string | undefined {
  if (isSchema(schema)) return undefined;
  return (
    `${inspect(schema, { depth: 0 })} is not a schema: it has no "~standard" with a method "validate". ` +
    'Write a schema of a library that implements Standard Schema, e.g. zod, valibot or arktype'
  );
}

function outputOf(result: StandardSchemaV1.Result<unknown>, faultOf: FaultOf): unknown {
  if (!result.issues) return result.value;
  throw faultOf(result.issues.slice(0, MAX_ISSUES).map(issueOf));
}

function issueOf({ path = [], message }: StandardSchemaV1.Issue): ValidationIssue {
  return { path: path.map(keyOf).join('.'), message };
}

function keyOf(segment: PropertyKey | StandardSchemaV1.PathSegment): string {
  return String(typeof segment === 'object' ? segment.key : segment);
}

/** arktype's are functions. */
function isSchema(value: unknown): value is Schema {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false;
  const standard = (value as { readonly '~standard'?: { readonly validate?: unknown } })['~standard'];
  return typeof standard?.validate === 'function';
}
