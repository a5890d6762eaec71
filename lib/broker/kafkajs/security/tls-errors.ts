import type { ErrorCode } from '../../../errors/error-code.js';

/** What a failure of TLS means, and what to do about it. */
export interface TlsMeaning {
  readonly code: ErrorCode;
  readonly what: string;
  readonly advice: string;
}

const UNKNOWN_CA: TlsMeaning = {
  code: 'authentication-failed',
  what: 'the broker’s certificate is signed by an unknown CA',
  advice: 'set ssl.ca to the certificate of the CA',
};

const CLIENT_REFUSED: TlsMeaning = {
  code: 'authentication-failed',
  what: 'the broker wants a certificate of the client that it trusts',
  advice: 'set ssl.cert and ssl.key, or ssl.pfx, to one that is signed by a CA of the broker’s truststore',
};

const NOTHING_IN_COMMON: TlsMeaning = {
  code: 'invalid-argument',
  what: 'client and broker have no version or cipher of TLS in common',
  advice: 'check ssl.minVersion, ssl.maxVersion and ssl.ciphers',
};

/** The code of an error that says that a broker which was spoken to without TLS has answered with it. */
export const TLS_WANTED = 'ASYNC_CALLS_TLS_WANTED';

/** By the codes of Node. */
const MEANINGS: Readonly<Record<string, TlsMeaning>> = {
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_CA,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_CA,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_CA,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_CA,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_CA,
  CERT_UNTRUSTED: UNKNOWN_CA,
  ERR_TLS_CERT_ALTNAME_INVALID: {
    code: 'authentication-failed',
    what: 'the broker’s certificate is for another host',
    advice:
      'use a name that the certificate has, in the option brokers and in the broker’s advertised.listeners, ' +
      'or have one issued for this name',
  },
  CERT_HAS_EXPIRED: {
    code: 'authentication-failed',
    what: 'the broker’s certificate has expired',
    advice: 'renew it, or set the clock of this machine',
  },
  CERT_NOT_YET_VALID: {
    code: 'authentication-failed',
    what: 'the broker’s certificate is not valid yet',
    advice: 'set the clock of this machine',
  },
  CERT_REVOKED: {
    code: 'authentication-failed',
    what: 'the broker’s certificate was revoked',
    advice: 'renew it',
  },
  ERR_SSL_WRONG_VERSION_NUMBER: {
    code: 'invalid-argument',
    what: 'what answers there does not speak TLS',
    advice: 'use the port of a listener with TLS (SSL or SASL_SSL), or leave the option ssl out',
  },
  ERR_SSL_UNSUPPORTED_PROTOCOL: NOTHING_IN_COMMON,
  ERR_SSL_NO_PROTOCOLS_AVAILABLE: NOTHING_IN_COMMON,
  [TLS_WANTED]: {
    code: 'invalid-argument',
    what: 'the broker speaks TLS on this port',
    advice: 'set the option ssl, or use the port of a listener without TLS',
  },
};

/** OpenSSL's names of what the other side sends when it breaks off. */
const ALERTS: readonly (readonly [RegExp, TlsMeaning])[] = [
  [/ALERT_(\w*CERTIFICATE\w*|UNKNOWN_CA|ACCESS_DENIED)$/, CLIENT_REFUSED],
  [/ALERT_(PROTOCOL_VERSION|HANDSHAKE_FAILURE|INSUFFICIENT_SECURITY)$/, NOTHING_IN_COMMON],
];

/** What the code of an error means, if it is one of TLS that no waiting repairs. */
export function tlsMeaningOf(code: unknown): TlsMeaning | undefined {
  if (typeof code !== 'string') return undefined;
  if (Object.hasOwn(MEANINGS, code)) return MEANINGS[code];
  return code.startsWith('ERR_SSL_') ? ALERTS.find(([pattern]) => pattern.test(code))?.[1] : undefined;
}
