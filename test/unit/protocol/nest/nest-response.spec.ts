import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { KafkaResponseDeserializer } from '@nestjs/microservices/deserializers/kafka-response.deserializer.js';
import { KafkaParser } from '@nestjs/microservices/helpers/kafka-parser.js';
import { AsyncCallError } from '../../../../lib/errors/async-call-error.js';
import { encodeNestResponse, NestResponseReader } from '../../../../lib/protocol/nest/nest-response.js';
import { nestSerializer } from '../../../../lib/protocol/nest/nest-value.js';
import type { FrameBody } from '../../../../lib/protocol/response.js';
import type { WireRecord } from '../../../../lib/protocol/wire-record.js';

const correlationId = Buffer.from('id-1');
const next = (value: unknown): FrameBody => ({ kind: 'next', payload: nestSerializer.serialize(value) });
const last = (value: unknown): FrameBody => ({ kind: 'last', payload: nestSerializer.serialize(value) });
const complete: FrameBody = { kind: 'complete' };
const failed: FrameBody = { kind: 'error', error: new AsyncCallError('conflict', 'Taken') };
const encode = (body: FrameBody) => encodeNestResponse({ correlationId }, body);

/** What Nest's client makes of a record. */
function readByNest({ value, headers }: WireRecord) {
  const parsed = new KafkaParser().parse({ value, headers: Object.fromEntries(headers) });
  return new KafkaResponseDeserializer().deserialize(parsed);
}

describe('a response in the form of Nest', () => {
  it.each([
    ['a value', next({ sum: 6 }), { response: { sum: 6 }, isDisposed: false }],
    ['the last value', last('six'), { response: 'six', isDisposed: true }],
    ['the end', complete, { response: null, isDisposed: true }],
  ])('is read by Nest as %s', (_, body, packet) => {
    expect(readByNest(encode(body))).toEqual({ id: 'id-1', ...packet });
  });

  it('is read by Nest as an error', () => {
    const err = { status: 'error', message: 'Taken', statusCode: 409, code: 'conflict' };
    expect(readByNest(encode(failed))).toEqual({ id: 'id-1', err, isDisposed: true });
  });

  it('has the key and the headers that the value asks for', () => {
    const { key, headers } = encode(last({ key: 'k', value: 1, headers: { tenant: 'blue' } }));
    expect(key?.toString()).toBe('k');
    expect(headers.map(([name]) => name)).toEqual([
      'tenant',
      'kafka_correlationId',
      'kafka_nest-is-disposed',
    ]);
  });

  it.each([
    ['values and the last one', [next(1), last(2)], ['next 0', 'last 1']],
    ['values and an end of its own', [next(1), next(2), complete], ['next 0', 'next 1', 'complete 2']],
    ['nothing', [complete], ['last 0']],
    ['values and an error', [next(1), failed], ['next 0', 'error 1']],
  ])('is read back: %s', (_, bodies, expected) => {
    const reader = new NestResponseReader();
    const responses = bodies.flatMap((body) => reader.read(encode(body)));
    expect(responses.map(({ kind, seq }) => `${kind} ${seq}`)).toEqual(expected);
  });

  it('shows users no header of the form', () => {
    const [response] = new NestResponseReader().read(encode(last({ value: 1, headers: { tenant: 'blue' } })));
    expect([...response.headers].map(([name]) => name)).toEqual(['tenant']);
  });
});
