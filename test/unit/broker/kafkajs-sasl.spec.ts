import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import type { AuthenticationProviderArgs, Mechanism } from 'kafkajs';
import { ByteReader } from '../../../lib/broker/kafkajs/wire/byte-reader.js';
import { ByteWriter } from '../../../lib/broker/kafkajs/wire/byte-writer.js';
import { kafkajsSasl } from '../../../lib/broker/kafkajs/security/sasl.js';
import type { SaslOptions } from '../../../lib/broker/kafkajs/security/sasl-options.js';

const protocolError = (message: string) =>
  Object.assign(new Error(message), { name: 'KafkaJSProtocolError', type: 'SASL_AUTHENTICATION_FAILED' });

/** Authenticates with a broker that answers each message as the test says; resolves with what it was sent. */
async function logIn(sasl: SaslOptions, answer: (message: string) => string = () => '', timeoutMs?: number) {
  const sent: string[] = [];
  const mechanism = kafkajsSasl(sasl, timeoutMs) as Mechanism;
  const saslAuthenticate: AuthenticationProviderArgs['saslAuthenticate'] = async ({ request, response }) => {
    const bytes = new ByteReader(await request.encode());
    const message = bytes.raw(bytes.int32()).toString();
    sent.push(message);
    const text = Buffer.from(answer(message));
    const encoded = new ByteWriter().int32(text.length).raw(text).bytes();
    return response?.parse(await response.decode(encoded));
  };
  const logger = { debug: () => undefined, error: () => undefined };
  const args = { host: 'host', port: 9093, logger, saslAuthenticate };
  await mechanism.authenticationProvider(args as unknown as AuthenticationProviderArgs).authenticate();
  return { sent, mechanism };
}

const refuse = (message: string) => () => {
  throw protocolError(message);
};
const plain = { mechanism: 'plain', username: 'alice', password: 'a-secret' } as const;

describe('a password', () => {
  it('is sent as it is by PLAIN', async () => {
    const { sent, mechanism } = await logIn(plain);
    expect(sent).toEqual(['\0alice\0a-secret']);
    expect(mechanism.mechanism).toBe('PLAIN');
  });

  it('is asked for at each login', async () => {
    let count = 0;
    const sasl = { ...plain, password: async () => `${++count}-secret` };
    expect((await logIn(sasl)).sent).toEqual(['\0alice\x001-secret']);
    expect((await logIn(sasl)).sent).toEqual(['\0alice\x002-secret']);
  });

  it.each(['SCRAM-SHA-256', 'scram-sha-512'] as const)('is not sent by %s', async (mechanism) => {
    const answer = (message: string) => {
      const [, nonce] = /^n,,n=alice,r=(.+)$/.exec(message) ?? [];
      return nonce === undefined ? 'v=wrong' : `r=${nonce}more,s=c2FsdA==,i=4096`;
    };
    const login = logIn({ ...plain, mechanism }, answer);
    await expect(login).rejects.toMatchObject({
      code: 'authentication-failed',
      message: expect.stringMatching(
        new RegExp(
          `^host:9093: authentication failed: user "alice", mechanism ${mechanism.toUpperCase()}: Invalid server`,
        ),
      ),
    });
  });

  it('that is refused is not told', async () => {
    const refusal = await logIn(plain, refuse('no such user')).catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      code: 'authentication-failed',
      retriable: false,
      message:
        'host:9093: authentication failed: user "alice", mechanism PLAIN: no such user; check sasl.username and ' +
        'sasl.password, and that the broker knows this user by this mechanism',
    });
    expect(inspect(refusal, { depth: null, showHidden: true })).not.toContain('secret');
  });

  it('is not to blame for a broker that goes away', async () => {
    const lost = Object.assign(new Error('Closed connection'), { name: 'KafkaJSConnectionClosedError' });
    const login = logIn(plain, () => {
      throw lost;
    });
    await expect(login).rejects.toBe(lost);
  });

  it.each([undefined, '', 7])('that is %p is nobody’s', async (found) => {
    const login = logIn({ ...plain, password: () => found as string });
    await expect(login).rejects.toMatchObject({
      code: 'invalid-argument',
      message: 'the function sasl.password has found no password',
    });
  });

  it('that cannot be found is an outage', async () => {
    const password = () => {
      throw new Error('the vault is sealed');
    };
    await expect(logIn({ ...plain, password })).rejects.toMatchObject({
      code: 'unavailable',
      retriable: true,
      message: 'the function sasl.password has failed: the vault is sealed',
    });
  });

  it('is not waited for without end', async () => {
    const login = logIn({ ...plain, password: () => new Promise<string>(() => undefined) }, undefined, 10);
    await expect(login).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('has not answered within 10 ms (option authenticationTimeout)'),
    });
  });
});

describe('a token', () => {
  const bearing = (token: { value: string; extensions?: Record<string, string> }): SaslOptions => ({
    mechanism: 'oauthbearer',
    oauthBearerProvider: () => token,
  });

  it('is sent with its extensions', async () => {
    expect((await logIn(bearing({ value: 'x.y.z' }))).sent).toEqual(['n,,\x01auth=Bearer x.y.z\x01\x01']);
    const { sent } = await logIn(bearing({ value: 'x', extensions: { scope: 'kafka', to: 'me' } }));
    expect(sent).toEqual(['n,,\x01auth=Bearer x\x01scope=kafka\x01to=me\x01\x01']);
  });

  it.each([
    ['by what the broker says of it', '', '{"status":"invalid_token"}'],
    ['by how the broker ends', 'expired', 'expired'],
  ])('is known to be refused %s', async (_, end, reason) => {
    const messages: string[] = [];
    const answer = (message: string) => {
      messages.push(message);
      if (messages.length === 1) return '{"status":"invalid_token"}';
      if (end !== '') throw protocolError(end);
      return '';
    };
    const refusal = await logIn(bearing({ value: 'a-secret' }), answer).catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      code: 'authentication-failed',
      message: expect.stringContaining(`mechanism OAUTHBEARER: ${reason}; check the token`),
    });
    expect(messages[1]).toBe('\x01');
    expect(inspect(refusal, { depth: null, showHidden: true })).not.toContain('secret');
  });

  it.each([undefined, {}, { value: '' }, 'text'])('is not %p', async (found) => {
    const login = logIn({ mechanism: 'oauthbearer', oauthBearerProvider: () => found as { value: string } });
    await expect(login).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('has found no token: return { value: "…" }'),
    });
  });
});

describe('another mechanism', () => {
  it('is kafkajs’s, in an object of its own', () => {
    const own = { mechanism: 'OWN', authenticationProvider: () => ({ authenticate: async () => undefined }) };
    expect(kafkajsSasl(own)).toEqual(own);
    expect(kafkajsSasl(own)).not.toBe(own);
  });
});
