import { BrokerError } from '../../broker-error.js';
import type { KafkajsConnectionPool } from '../internals.js';
import { mechanismsOf } from './sasl-mechanisms.js';

/**
 * Finds out, after a broker has hung up on a client without SASL or has refused the mechanism of one, which mechanisms it
 * has; `undefined` if that is not what is wrong. Without this the former looks like a broker that is going down.
 */
export async function saslWanted(
  connections: KafkajsConnectionPool,
  error: BrokerError,
): Promise<BrokerError | undefined> {
  const { name, type } = (error.cause ?? {}) as { readonly name?: string; readonly type?: string };
  const wasHungUpOn = connections.sasl === undefined && name === 'KafkaJSConnectionClosedError';
  if (!wasHungUpOn && type !== 'UNSUPPORTED_SASL_MECHANISM') return undefined;
  // It may as well be gone.
  const mechanisms = await mechanismsOf(connections).catch(() => []);
  if (mechanisms.length === 0) return undefined;
  const what = wasHungUpOn
    ? 'the broker asks for SASL on this port; set the option sasl, with one of the mechanisms'
    : 'the broker does not have this sasl.mechanism on this port; choose one of';
  const message = `${connections.host}:${connections.port}: ${what} ${mechanisms.join(', ')}`;
  return new BrokerError('invalid-argument', message, { cause: error.cause });
}
