import { messageOf } from '../../errors/async-call-error.js';
import type { ErrorCode } from '../../errors/error-code.js';
import { BrokerError } from '../broker-error.js';
import { sentence } from './errors.js';
import { tlsMeaningOf } from './security/tls-errors.js';

/** What is thrown of kafkajs's errors while it connects, authenticates, and sends. */
interface Thrown {
  readonly name?: string;
  /** Kafka's name of the error, if the broker has answered with one. */
  readonly type?: string;
  /** Node's or OpenSSL's code of a socket's error. */
  readonly code?: unknown;
}

interface Meaning {
  readonly code: ErrorCode;
  readonly advice?: string;
}

const SASL_REFUSED: Meaning = { code: 'authentication-failed', advice: 'check the option sasl' };

/** By Kafka's names. */
const OF_SASL: Readonly<Record<string, Meaning>> = {
  SASL_AUTHENTICATION_FAILED: SASL_REFUSED,
  UNSUPPORTED_SASL_MECHANISM: { code: 'invalid-argument', advice: 'choose another sasl.mechanism' },
  ILLEGAL_SASL_STATE: {
    code: 'invalid-argument',
    advice:
      'this port does not ask for SASL: leave the option sasl out, or use the port of a listener with SASL',
  },
};

const TLS_CUT_OFF = 'before secure TLS connection was established';

/** Anything thrown while talking to the broker at this address. */
export function connectionError(error: unknown, address: string): BrokerError {
  if (error instanceof BrokerError) return error;
  const { name, type = '', code } = error as Thrown;
  const text = `${address}: ${messageOf(error)}`;
  const options = { cause: error };
  const tls = tlsMeaningOf(code);
  if (tls)
    return new BrokerError(tls.code, `${address}: ${tls.what} (${reasonOf(error)}); ${tls.advice}`, options);
  if (name === 'KafkaJSServerDoesNotSupportApiKey')
    return new BrokerError('internal', `${text}; Kafka 2.3 or newer is needed`, options);
  const sasl = name === 'KafkaJSSASLAuthenticationError' ? SASL_REFUSED : OF_SASL[type];
  if (sasl) return new BrokerError(sasl.code, sentence(text, sasl.advice), options);
  const advice = text.includes(TLS_CUT_OFF)
    ? 'does this port speak TLS? If not, leave the option ssl out'
    : undefined;
  return new BrokerError('unavailable', sentence(text, advice), { ...options, retriable: true });
}

/**
 * The same of a broker that has let this component in before: somebody has changed something there, a password or a
 * certificate, and it may be a slip. What runs is to come back by itself when that is mended, so it is tried again.
 */
export function asOutage(error: BrokerError): BrokerError {
  const { code, message, cause } = error;
  return error.retriable ? error : new BrokerError(code, message, { cause, retriable: true });
}

/** Node's own words where they are for people; OpenSSL's are not. */
function reasonOf(error: unknown): string {
  const { code } = error as Thrown;
  const isOfOpenSsl = String(code).startsWith('ERR_SSL_');
  return isOfOpenSsl ? String(code) : messageOf(error).replace(/^Connection error: /, '');
}
