import { describe, expect, it } from '@jest/globals';
import { kafkajs, type KafkajsOptions } from '../../../lib/broker/kafkajs/index.js';

const make = (options: unknown) => kafkajs(options as KafkajsOptions);

describe('kafkajs', () => {
  it.each([
    [{ brokers: ['localhost:9092', '10.0.0.1:19092', 'kafka_1.example:1'] }],
    [{ brokers: () => ['localhost:9092'] }],
    [{ brokers: ['localhost:9092'], idempotent: false }],
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
    [{ brokers: ['a:1'], tls: true }, "there is no option 'tls': there are brokers, idempotent, ssl, sasl"],
  ])('refuses %p', (options, message) => {
    expect(() => make(options)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringContaining(message) }),
    );
  });

  it('says everything that is wrong at once', () => {
    const message = /^kafkajs: there is no option 'broker': .*; brokers: it is missing/;
    expect(() => make({ broker: 'localhost' })).toThrow(message);
  });
});
