import { describe, expect, it } from '@jest/globals';
import { defineEvent } from 'nestjs-async-calls';
import * as v from 'valibot';
import { checkEvent } from '../../../lib/protocol/contract-checks.js';

describe('defineEvent', () => {
  it('holds the name, the type and the schema, and cannot be changed', () => {
    const schema = v.string();
    const contract = defineEvent('pizza', { type: 'PizzaOrdered', schema });
    expect(contract).toEqual({ name: 'pizza', type: 'PizzaOrdered', schema });
    expect(Object.isFrozen(contract)).toBe(true);
    expect(defineEvent('pizza')).toEqual({ name: 'pizza' });
  });

  it.each([
    ['a name', ['pizza/orders'], /'pizza\/orders' is not a name of events/],
    ['a type', ['pizza', { type: '' }], /type: '' is not a type of events/],
    ['a schema', ['pizza', { schema: String }], /schema: .* is not a schema/],
    ['a known option', ['pizza', { schemas: v.string() }], /no option "schemas": there are type, schema/],
  ])('refuses what is not %s', (_, args, message) => {
    const define = defineEvent as (...args: unknown[]) => unknown;
    expect(() => define(...args)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringMatching(message) }),
    );
  });
});

describe('checkEvent', () => {
  const schema = v.object({ size: v.pipe(v.string(), v.transform(Number)) });

  it('gives what the schema makes of it, or the event itself without one', () => {
    expect(checkEvent(defineEvent('pizza', { schema }), { size: '30' })).toEqual({ size: 30 });
    expect(checkEvent(defineEvent('pizza'), 'anything')).toBe('anything');
  });

  it('refuses with the issues, and names the event', () => {
    const check = (type?: string) => checkEvent(defineEvent('pizza', { type, schema }), { size: 30 });
    const details = [{ path: 'size', message: expect.any(String) }];
    expect(() => check()).toThrow(expect.objectContaining({ code: 'bad-request', details }));
    expect(() => check()).toThrow(/^The event pizza does not follow its contract: size: /);
    expect(() => check('PizzaOrdered')).toThrow(/^The event pizza \(PizzaOrdered\) does not/);
  });
});
