import fc from 'fast-check';
import { HEADER, isProtocolHeader } from '../../../lib/protocol/header-names.js';
import type { HeaderEntry } from '../../../lib/protocol/message-headers.js';
import type { SerializedPayload } from '../../../lib/protocol/serializer.js';

/** Any text that UTF-8 can carry. */
export const text = fc.string({ unit: 'binary' });

export const bytes = fc.uint8Array({ maxLength: 50 }).map((array) => Buffer.from(array));

export const count = fc.nat({ max: 999_999_999_999_999 });

/** What a user or a newer version may send: any name but those of the protocol; names repeat. */
export const foreignHeaders: fc.Arbitrary<HeaderEntry[]> = fc.array(
  fc.tuple(
    fc
      .oneof(text, fc.constantFrom('a', 'b', '__proto__', 'constructor', 'ac-new', 'kafka_new'))
      .filter((name) => !isProtocolHeader(name)),
    bytes,
  ),
  { maxLength: 6 },
);

export const payload: fc.Arbitrary<SerializedPayload> = fc.oneof(
  fc.constant({ bytes: null }),
  fc.record({ bytes, contentType: text }),
);

const PLAUSIBLE = [
  '',
  '0',
  '1',
  '2',
  '-1',
  '1.5',
  '01',
  'request',
  'one-way',
  'cancel',
  'next',
  'last',
  'error',
];

/** Headers as a stranger may write them: the protocol's own names, often with values that nearly fit. */
export const strangeHeaders: fc.Arbitrary<HeaderEntry[]> = fc.array(
  fc.tuple(
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom<string>(...Object.values(HEADER)) },
      { weight: 1, arbitrary: fc.oneof(text, fc.constantFrom('__proto__', 'constructor', 'toString')) },
    ),
    fc.oneof(
      bytes,
      fc.constantFrom(...PLAUSIBLE).map((value) => Buffer.from(value)),
    ),
  ),
  { maxLength: 25 },
);
