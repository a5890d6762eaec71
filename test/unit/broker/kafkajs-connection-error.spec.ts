import { describe, expect, it } from '@jest/globals';
import { BrokerError } from '../../../lib/broker/broker-error.js';
import { asOutage, connectionError } from '../../../lib/broker/kafkajs/connection-error.js';
import { refused } from '../../../lib/broker/kafkajs/errors.js';

const AT = 'host:9093';

const error = (message: string, properties: object = {}) => Object.assign(new Error(message), properties);

describe('what keeps a client from a broker', () => {
  it.each([
    [
      error('Connection error: self-signed certificate', { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }),
      'authentication-failed',
      'host:9093: the broker’s certificate is signed by an unknown CA (self-signed certificate); set ssl.ca to the ' +
        'certificate of the CA',
    ],
    [
      error('Connection error: certificate has expired', { code: 'CERT_HAS_EXPIRED' }),
      'authentication-failed',
      'host:9093: the broker’s certificate has expired (certificate has expired); renew it, or set the clock of this machine',
    ],
    [
      error('80:error:0A:SSL routines:alert number 48\n', { code: 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA' }),
      'authentication-failed',
      'host:9093: the broker wants a certificate of the client that it trusts (ERR_SSL_TLSV1_ALERT_UNKNOWN_CA); set ssl.cert ' +
        'and ssl.key, or ssl.pfx, to one that is signed by a CA of the broker’s truststore',
    ],
    [
      error('80:error:0A', { code: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' }),
      'authentication-failed',
      expect.stringContaining('wants a certificate of the client'),
    ],
    [
      error('80:error:0A', { code: 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE' }),
      'invalid-argument',
      expect.stringContaining('no version or cipher of TLS in common'),
    ],
    [
      error('80:error:0A', { code: 'ERR_SSL_WRONG_VERSION_NUMBER' }),
      'invalid-argument',
      expect.stringContaining('does not speak TLS'),
    ],
    [
      error('no', { name: 'KafkaJSSASLAuthenticationError' }),
      'authentication-failed',
      'host:9093: no; check the option sasl',
    ],
    [
      error('no', { name: 'KafkaJSProtocolError', type: 'ILLEGAL_SASL_STATE' }),
      'invalid-argument',
      expect.stringContaining('this port does not ask for SASL'),
    ],
    [
      error('no', { name: 'KafkaJSServerDoesNotSupportApiKey' }),
      'internal',
      'host:9093: no; Kafka 2.3 or newer is needed',
    ],
  ])('%p is for people to mend', (thrown, code, message) => {
    expect(connectionError(thrown, AT)).toMatchObject({ code, message, retriable: false, cause: thrown });
  });

  it.each([
    [error('Connection error: connect ECONNREFUSED', { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    [error('Closed connection', { name: 'KafkaJSConnectionClosedError' }), 'Closed connection'],
    [error('80:error:0A', { code: 'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC' }), '80:error:0A'],
    [
      error('Client network socket disconnected before secure TLS connection was established'),
      'does this port speak TLS? If not, leave the option ssl out',
    ],
    ['text', 'unknown'],
  ])('%p may pass', (thrown, message) => {
    const { code, retriable, message: told } = connectionError(thrown, AT);
    expect({ code, retriable }).toEqual({ code: 'unavailable', retriable: true });
    expect(told).toContain(message === 'unknown' ? 'text' : message);
  });

  it('leaves what is known already as it is', () => {
    const known = new BrokerError('closed', 'closed');
    expect(connectionError(known, AT)).toBe(known);
  });

  it('is an outage, with the same reason, where this client was let in before', () => {
    const cause = error('no', { name: 'KafkaJSSASLAuthenticationError' });
    const refusal = connectionError(cause, AT);
    const { code, message } = refusal;
    expect(asOutage(refusal)).toMatchObject({ code, message, cause, retriable: true });
    const away = connectionError(error('away'), AT);
    expect(asOutage(away)).toBe(away);
  });
});

describe('what the broker forbids', () => {
  const needs = { topic: 'Read on Topic t', group: 'Read on Group g', cluster: 'Create on the Cluster' };

  it.each([
    [29, 'doing: not authorized: the user of this client needs Read on Topic t (TOPIC_AUTHORIZATION_FAILED)'],
    [30, 'doing: not authorized: the user of this client needs Read on Group g (GROUP_AUTHORIZATION_FAILED)'],
    [
      31,
      'doing: not authorized: the user of this client needs Create on the Cluster (CLUSTER_AUTHORIZATION_FAILED)',
    ],
  ])('names the ACL, of error %p', (code, message) => {
    expect(refused(code, 'doing', needs)).toMatchObject({ code: 'authorization-failed', message });
  });

  it('says so where it is not known which', () => {
    expect(refused(31, 'doing').message).toContain('needs an ACL for this');
  });
});
