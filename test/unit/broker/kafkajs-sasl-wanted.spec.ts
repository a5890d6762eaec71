import { expect, it } from '@jest/globals';
import { BrokerError } from '../../../lib/broker/broker-error.js';
import type { KafkajsConnectionPool, Protocol } from '../../../lib/broker/kafkajs/internals.js';
import { saslWanted } from '../../../lib/broker/kafkajs/security/sasl-wanted.js';
import { ByteWriter } from '../../../lib/broker/kafkajs/wire/byte-writer.js';

const UNSUPPORTED_SASL_MECHANISM = 33;
const ILLEGAL_SASL_STATE = 34;

const hungUp = causedBy({ name: 'KafkaJSConnectionClosedError' });
const unsupported = causedBy({ type: 'UNSUPPORTED_SASL_MECHANISM' });

function causedBy(properties: object): BrokerError {
  return new BrokerError('unavailable', 'no', { cause: Object.assign(new Error('no'), properties) });
}

/** Connections to a broker that answers with this error and these mechanisms, or not at all. */
function connections(sasl: unknown, answer?: { errorCode: number; mechanisms: string[] }) {
  let asked = 0;
  const send = async <T>({ response }: Protocol<T>): Promise<T> => {
    asked += 1;
    if (!answer) throw new Error('gone');
    const writer = new ByteWriter().int16(answer.errorCode).int32(answer.mechanisms.length);
    for (const mechanism of answer.mechanisms) writer.string(mechanism);
    return response.parse((await response.decode(writer.bytes())) as never);
  };
  const pool: KafkajsConnectionPool = { host: 'host', port: 9093, sasl, pool: [], send };
  return { pool, asked: () => asked };
}

const offers = { errorCode: UNSUPPORTED_SASL_MECHANISM, mechanisms: ['PLAIN', 'SCRAM-SHA-512'] };

it.each([
  [undefined, hungUp, 'asks for SASL on this port; set the option sasl, with one of the mechanisms'],
  [{ mechanism: 'own' }, unsupported, 'does not have this sasl.mechanism on this port; choose one of'],
])('names the mechanisms of the broker to a client with sasl %p', async (sasl, error, what) => {
  const { pool } = connections(sasl, offers);
  expect(await saslWanted(pool, error)).toMatchObject({
    code: 'invalid-argument',
    retriable: false,
    message: `host:9093: the broker ${what} PLAIN, SCRAM-SHA-512`,
  });
});

it.each([
  ['a port without SASL', { errorCode: ILLEGAL_SASL_STATE, mechanisms: [] }],
  ['a broker that has gone', undefined],
])('has nothing to say of %s', async (_, answer) => {
  expect(await saslWanted(connections(undefined, answer).pool, hungUp)).toBeUndefined();
});

it.each([
  ['a client with SASL that was hung up on', {}, hungUp],
  ['other errors', undefined, causedBy({ name: 'KafkaJSConnectionError' })],
  ['errors without a cause', undefined, new BrokerError('unavailable', 'no')],
])('does not ask for %s', async (_, sasl, error) => {
  const { pool, asked } = connections(sasl, offers);
  expect(await saslWanted(pool, error)).toBeUndefined();
  expect(asked()).toBe(0);
});
