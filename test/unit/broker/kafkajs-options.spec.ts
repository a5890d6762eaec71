import { describe, expect, it } from '@jest/globals';
import { CERT, KEY, OTHER_KEY } from './certificate.js';
import { kafkajs, type KafkajsOptions } from '../../../lib/broker/kafkajs/index.js';

const make = (options: unknown) => kafkajs(options as KafkajsOptions);

function faultOf(options: unknown): Error {
  try {
    make(options);
  } catch (error) {
    return error as Error;
  }
  throw new Error('It was taken');
}

describe('kafkajs', () => {
  it.each([
    [{ brokers: ['localhost:9092', '10.0.0.1:19092', 'kafka_1.example:1'] }],
    [{ brokers: () => ['localhost:9092'] }],
    [{ brokers: ['localhost:9092'], idempotent: false }],
    [{ brokers: ['a:1'], ssl: false }],
    [{ brokers: ['a:1'], ssl: { ca: CERT, cert: CERT, key: KEY } }],
    [{ brokers: ['a:1'], ssl: { ca: [Buffer.from(CERT)], servername: 'kafka' } }],
    [{ brokers: ['a:1'], sasl: { mechanism: 'plain', username: 'me', password: 'a-secret' } }],
    [{ brokers: ['a:1'], sasl: { mechanism: 'SCRAM-SHA-256', username: 'me', password: () => 'a-secret' } }],
    [{ brokers: ['a:1'], sasl: { mechanism: 'oauthbearer', oauthBearerProvider: () => ({ value: 'x' }) } }],
    [{ brokers: ['a:1'], sasl: { mechanism: 'GSSAPI', authenticationProvider: () => undefined } }],
    [{ brokers: ['localhost:9092'], ssl: true, connectionTimeout: 500, sasl: undefined, other: undefined }],
  ])('takes %p', (options) => {
    expect(make(options).name).toBe('kafkajs');
  });

  it.each([
    [undefined, "undefined is not an object of options: write kafkajs({ brokers: ['localhost:9092'] })"],
    [['localhost:9092'], "write kafkajs({ brokers: ['localhost:9092'] })"],
    [{ brokers: ['a:1'], idempotent: 'no' }, "idempotent: 'no' is not a boolean: write idempotent: false"],
    [{}, "brokers: it is missing: write brokers: ['localhost:9092']"],
    [{ brokers: [] }, "brokers: it is empty: write brokers: ['localhost:9092']"],
    [{ brokers: 'localhost' }, "brokers: 'localhost' is not an array: write brokers: [ 'localhost:9092' ]"],
    [{ brokers: 'a:1, b' }, "is not an array: write brokers: [ 'a:1', 'b:9092' ]"],
    [{ brokers: ['localhost'] }, "brokers: 'localhost' has no port: write 'localhost:9092'"],
    [{ brokers: ['localhost:'] }, "write 'localhost:9092'"],
    [{ brokers: ['a:1,b:2'] }, "brokers: 'a:1,b:2' is more than one address: write 'a:1', 'b:2'"],
    [{ brokers: ['kafka://host:9092/'] }, 'is not "host:port", with a host name or IPv4 address and a port'],
    [{ brokers: ['kafka://host:9092/'] }, "write 'host:9092'"],
    [{ brokers: ['host:0'] }, '\'host:0\' is not "host:port"'],
    [{ brokers: ['host:70000'] }, '\'host:70000\' is not "host:port"'],
    [{ brokers: ['[::1]:9092'] }, '\'[::1]:9092\' is not "host:port"'],
    [{ brokers: ['a:1', undefined] }, "brokers: undefined is not an address: write 'localhost:9092'"],
    [{ brokers: 9092 }, 'brokers: 9092 is not an array of addresses'],
    [{ broker: 'a:1' }, "there is no option 'broker': write brokers: ['localhost:9092']"],
    [{ brokers: ['a:1'], clientId: 'me' }, "there is no option 'clientId': leave it out"],
    [{ brokers: ['a:1'], retry: {} }, "there is no option 'retry': leave it out"],
    [
      { brokers: ['a:1'], 'security.protocol': 'SASL_SSL' },
      "there is no option 'security.protocol': write ssl: true",
    ],
    [{ brokers: ['a:1'], username: 'me' }, "there is no option 'username': write sasl: { mechanism: 'scram"],
    [
      { brokers: ['a:1'], ssl: 'yes' },
      'ssl: it is neither a boolean nor an object: write ssl: true, or ssl: { ca:',
    ],
    [
      { brokers: ['a:1'], ssl: { ca: '/etc/ca.pem' } },
      'ssl.ca: it is not the text of a PEM file, which has a line',
    ],
    [{ brokers: ['a:1'], ssl: { ca: [] } }, 'ssl.ca: it is empty: write ca: readFileSync('],
    [{ brokers: ['a:1'], ssl: { cert: CERT, key: 'a-secret' } }, 'ssl.key: it is not the text of a PEM file'],
    [{ brokers: ['a:1'], ssl: { cert: CERT } }, 'ssl.key: it is missing, where there is ssl.cert'],
    [{ brokers: ['a:1'], ssl: { key: KEY } }, 'ssl.cert: it is missing, where there is ssl.key'],
    [{ brokers: ['a:1'], ssl: { cert: CERT, key: OTHER_KEY } }, 'check that key, cert and passphrase'],
    [{ brokers: ['a:1'], ssl: { pfx: Buffer.from('a-secret') } }, 'ssl: '],
    [
      { brokers: ['a:1'], sasl: 'a-secret' },
      "sasl: it is not an object: write sasl: { mechanism: 'scram-sha-512'",
    ],
    [{ brokers: ['a:1'], sasl: {} }, 'sasl.mechanism: it is missing'],
    [
      { brokers: ['a:1'], sasl: { mechanism: 'scram', username: 'me', password: 'a-secret' } },
      "sasl.mechanism: 'scram' is not one of plain, scram-sha-256, scram-sha-512, oauthbearer: choose one of them",
    ],
    [
      { brokers: ['a:1'], sasl: { mechanism: 'plain', user: 'me', password: 'a-secret' } },
      "sasl.username: it is missing: write username: 'me'",
    ],
    [
      { brokers: ['a:1'], sasl: { mechanism: 'plain', username: 'me', password: '' } },
      'sasl.password: it is empty: write password',
    ],
    [
      { brokers: ['a:1'], sasl: { mechanism: 'plain', username: 'me', password: ['a-secret'] } },
      'sasl.password: it is not a string or a function',
    ],
    [
      { brokers: ['a:1'], sasl: { mechanism: 'oauthbearer', oauthBearerProvider: 'a-secret' } },
      'sasl.oauthBearerProvider: it is not a function: write async () => ({ value: await findToken() })',
    ],
    [[{ password: 'a-secret' }], 'an array is not an object of options'],
    ['kafka://me:a-secret@host:1', 'a string is not an object of options'],
    [{ brokers: ['kafka://me:a-secret@host:1'] }, "write 'host:1'"],
    [{ brokers: 'kafka://me:a-secret@host:1' }, "is not an array: write brokers: [ 'host:1' ]"],
    [{ brokers: ['a:1'], tls: true }, "there is no option 'tls': there are brokers, idempotent, ssl, sasl"],
  ])('refuses %p', (options, message) => {
    const fault = faultOf(options);
    expect(fault).toMatchObject({ code: 'invalid-argument', message: expect.stringContaining(message) });
    expect(fault.message).not.toContain('secret');
  });

  it('says everything that is wrong at once', () => {
    const message = /^kafkajs: there is no option 'broker': .*; brokers: it is missing/;
    expect(() => make({ broker: 'localhost' })).toThrow(message);
  });
});
