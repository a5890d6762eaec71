import { describe, expect, it } from '@jest/globals';
import * as v from 'valibot';
import { z } from 'zod';
import { checkValue, type Schema, schemaFault, type ValidationIssue } from '../../../lib/protocol/schema.js';

class Fault extends Error {
  constructor(readonly issues: readonly ValidationIssue[]) {
    super('fault');
  }
}

const check = (schema: Schema, value: unknown) => checkValue(schema, value, (issues) => new Fault(issues));

function issuesOf(schema: Schema, value: unknown): readonly ValidationIssue[] {
  try {
    check(schema, value);
  } catch (error) {
    if (error instanceof Fault) return error.issues;
    throw error;
  }
  return [];
}

/** A schema by hand: what it says, it says as it is. */
function schemaOf(validate: Schema['~standard']['validate']): Schema {
  return { '~standard': { version: 1, vendor: 'test', validate } };
}

describe('checkValue', () => {
  it('gives what the schema makes of the value, without a promise', () => {
    const schema = z.object({ amount: z.coerce.number(), note: z.string().default('none') });
    expect(check(schema, { amount: '7', more: 1 })).toEqual({ amount: 7, note: 'none' });
    expect(check(v.pipe(v.string(), v.transform(Number)), '7')).toBe(7);
  });

  it.each([
    ['zod', z.object({ items: z.array(z.object({ price: z.number() })) })],
    ['valibot', v.object({ items: v.array(v.object({ price: v.number() })) })],
  ])('says where a value of %s is wrong', (_, schema) => {
    expect(issuesOf(schema, { items: [{ price: 1 }, { price: 'x' }] })).toEqual([
      { path: 'items.1.price', message: expect.stringMatching(/number/) },
    ]);
    expect(issuesOf(schema, 7)).toEqual([{ path: '', message: expect.stringMatching(/object/i) }]);
  });

  it('reads paths of bare keys, of segments and of symbols', () => {
    const path = ['a', { key: 0 }, Symbol('b')];
    const schema = schemaOf(() => ({ issues: [{ message: 'no', path }] }));
    expect(issuesOf(schema, 1)).toEqual([{ path: 'a.0.Symbol(b)', message: 'no' }]);
  });

  it('waits for a schema that is asynchronous', async () => {
    const isFree = v.pipeAsync(
      v.string(),
      v.checkAsync(async (name) => name !== 'ann', 'taken'),
    );
    await expect(check(isFree, 'bob')).resolves.toBe('bob');
    await expect(check(isFree, 'ann')).rejects.toMatchObject({ issues: [{ path: '', message: 'taken' }] });
  });

  it('lists a hundred issues at most', () => {
    const message = 'no';
    const schema = schemaOf(() => ({ issues: Array.from({ length: 1_000 }, () => ({ message })) }));
    expect(issuesOf(schema, 1)).toHaveLength(100);
  });

  it('lets through what a schema throws', () => {
    const schema = schemaOf(() => {
      throw new RangeError('broken');
    });
    expect(() => check(schema, 1)).toThrow(new RangeError('broken'));
  });
});

describe('schemaFault', () => {
  it('takes objects and functions that have the interface', () => {
    expect(schemaFault(z.string())).toBeUndefined();
    expect(schemaFault(v.string())).toBeUndefined();
    expect(
      schemaFault(
        Object.assign(
          () => 0,
          schemaOf(() => ({ value: 1 })),
        ),
      ),
    ).toBeUndefined();
  });

  it.each([
    { amount: 'number' },
    'string',
    7,
    null,
    undefined,
    String,
    { '~standard': null },
    { '~standard': {} },
  ])('refuses %p, and says what to write', (value) => {
    expect(schemaFault(value)).toMatch(/is not a schema: .*"~standard".* Write a schema of/s);
  });
});
