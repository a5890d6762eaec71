import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { KafkaParser } from '@nestjs/microservices/helpers/kafka-parser.js';
import { KafkaRequestSerializer } from '@nestjs/microservices/serializers/kafka-request.serializer.js';
import fc from 'fast-check';
import { type NestPayload, nestSerializer } from '../../../../lib/protocol/nest/nest-value.js';

/** What Nest's serializer makes of values. */
interface NestMessage {
  readonly value: Buffer | string | null;
  readonly key?: Buffer | string | null;
}

const bytesOf = (text: Buffer | string | null | undefined) =>
  text === null || text === undefined ? null : Buffer.from(text);

/** What Nest writes for a value; it changes what it is given. */
async function writtenByNest(value: unknown): Promise<NestMessage> {
  const message: unknown = await new KafkaRequestSerializer().serialize(structuredClone(value));
  return message as NestMessage;
}

class Money {
  constructor(readonly amount: number) {}
}

class Named {
  toString() {
    return 'a name';
  }
}

const anyValue = fc.oneof(
  fc.jsonValue(),
  fc.constant(undefined),
  fc.date({ noInvalidDate: true }),
  fc.bigInt(),
  fc.record({ key: fc.option(fc.jsonValue()), value: fc.jsonValue() }),
);

describe('a value in the form of Nest', () => {
  it('is written as Nest writes it', async () => {
    await fc.assert(
      fc.asyncProperty(anyValue, async (value) => {
        const nest = await writtenByNest(value);
        const { bytes, key = null } = nestSerializer.serialize(value) as NestPayload;
        expect({ bytes, key }).toEqual({ bytes: bytesOf(nest.value), key: bytesOf(nest.key) });
      }),
    );
  });

  it.each([
    ['an object of a class', new Money(5), '{"amount":5}'],
    ['an object with a text of its own', new Named(), 'a name'],
    ['bytes', Buffer.from([1, 2]), '\u0001\u0002'],
    ['a number', 5, '5'],
    ['a boolean', false, 'false'],
  ])('may be %s', (_, value, text) => {
    expect(nestSerializer.serialize(value).bytes?.toString()).toBe(text);
  });

  it('may say the key and the headers of its record', () => {
    const payload = nestSerializer.serialize({
      key: { id: 1 },
      value: 'paid',
      headers: { tenant: 'blue', kafka_correlationId: 'an old one' },
    });
    expect(payload).toEqual({
      bytes: Buffer.from('paid'),
      key: Buffer.from('{"id":1}'),
      headers: [['tenant', Buffer.from('blue')]],
    });
  });

  it('is refused where JSON cannot say it', () => {
    expect(() => nestSerializer.serialize({ amount: 1n })).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    );
  });

  it('is read as Nest reads it', () => {
    const parser = new KafkaParser();
    const anyBytes = fc.oneof(
      fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value))),
      fc.string().map((text) => Buffer.from(text)),
      fc.string().map((text) => Buffer.from(`{${text}`)),
      fc.uint8Array().map((bytes) => Buffer.from([0, ...bytes])),
      fc.constant(null),
    );
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        fc.pre(!bytes?.includes('__proto__') && !bytes?.includes('constructor'));
        const { value } = parser.parse<{ value: unknown }>({ value: bytes });
        expect(nestSerializer.deserialize({ bytes })).toEqual(value);
      }),
    );
  });

  it('is refused with a key that would change every object', () => {
    const bytes = Buffer.from('{"__proto__":{"admin":true}}');
    expect(() => nestSerializer.deserialize({ bytes })).toThrow(
      expect.objectContaining({ code: 'bad-request' }),
    );
  });
});
