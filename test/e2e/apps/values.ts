/** What is sent, and what arrives for it: the same, if nothing else is said. */
export interface ValueCase {
  readonly name: string;
  readonly sent: unknown;
  readonly arrives: unknown;
}

const same = (name: string, value: unknown): ValueCase => ({ name, sent: value, arrives: value });
const at = new Date('2026-02-28T23:59:59.999Z');

/** Values as requests and as responses. */
export const VALUES: readonly ValueCase[] = [
  same('zero', 0),
  same('a negative fraction', -1234.5678),
  same('the largest safe integer', Number.MAX_SAFE_INTEGER),
  same('true', true),
  same('false', false),
  same('null', null),
  same('undefined', undefined),
  same('an empty string', ''),
  same('a string that looks like a number', '42'),
  same('a string that looks like JSON', '{"a":1}'),
  same('unicode text', 'Grüße, 世界, 👩‍👩‍👧, \u0000 and "quotes"\n'),
  { name: 'a Date', sent: at, arrives: '2026-02-28T23:59:59.999Z' },
  same('a Buffer', Buffer.from([0, 1, 2, 0x7f, 0x80, 0xff])),
  same('an empty Buffer', Buffer.alloc(0)),
  same('an empty object', {}),
  same('an empty array', []),
  same('an array with null', [1, null, 'three', [4, [5]]]),
  {
    name: 'a nested object',
    sent: { a: { b: [{ c: null, d: false, e: at }, 'f'], gone: undefined }, ключ: 0.1 },
    arrives: { a: { b: [{ c: null, d: false, e: '2026-02-28T23:59:59.999Z' }, 'f'] }, ключ: 0.1 },
  },
];

/** The case of that name. */
export function valueCase(name: string): ValueCase {
  const found = VALUES.find((each) => each.name === name);
  if (!found) throw new Error(`There is no value "${name}"`);
  return found;
}
