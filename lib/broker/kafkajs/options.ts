import { inspect } from 'node:util';
import type { KafkaConfig } from 'kafkajs';
import { AsyncCallError } from '../../errors/async-call-error.js';
import { type SaslOptions, saslFaults } from './security/sasl-options.js';
import { sslFaults } from './security/ssl-options.js';

/**
 * How to reach Kafka (2.3 or newer): kafkajs's own options `brokers`, `ssl`, `sasl`, `connectionTimeout`
 * (default 1,000 ms), `requestTimeout` (default 30,000 ms) and so on, and `idempotent`. `retry` is not among them: each
 * component tries again as its contract says. By default kafkajs logs nothing: what goes wrong is in the
 * errors and states of the components; set `logLevel`, and `logCreator`, to see its own view.
 *
 * Records that other clients compressed are read if they used gzip or, on Node 22.15 or newer, zstd; for other
 * codecs, register one with kafkajs's `CompressionCodecs`.
 */
export type KafkajsOptions = Omit<KafkaConfig, 'clientId' | 'retry' | 'sasl'> & {
  /**
   * Records are stored once, and in order, though the broker's acknowledgement was lost and they were sent
   * again. Default true. Before Kafka 2.8, a cluster with ACLs has to grant IdempotentWrite for it.
   */
  readonly idempotent?: boolean;
  /** Who this client is: a user with a password or a token. By default nobody, or whose certificate `ssl` has. */
  readonly sasl?: SaslOptions;
};

const KNOWN: Readonly<Record<keyof KafkajsOptions, true>> = {
  brokers: true,
  idempotent: true,
  ssl: true,
  sasl: true,
  connectionTimeout: true,
  authenticationTimeout: true,
  reauthenticationThreshold: true,
  requestTimeout: true,
  enforceRequestTimeout: true,
  socketFactory: true,
  logLevel: true,
  logCreator: true,
};

const EXAMPLE = "write brokers: ['localhost:9092']";
const SECURITY = 'write ssl: true (or an object) for TLS, and sasl: { mechanism, … } for SASL';
const LOGIN = "write sasl: { mechanism: 'scram-sha-512', username, password }";

/** What people write instead, and what there is for it. */
const INSTEAD: Readonly<Record<string, string>> = {
  broker: EXAMPLE,
  bootstrapServers: EXAMPLE,
  'bootstrap.servers': EXAMPLE,
  clientId: 'leave it out: each component has a client id of its own',
  retry: 'leave it out: each component tries again by itself',
  'enable.idempotence': 'write idempotent: false to switch it off',
  enableIdempotence: 'write idempotent: false to switch it off',
  'security.protocol': SECURITY,
  securityProtocol: SECURITY,
  'sasl.mechanism': LOGIN,
  'sasl.username': LOGIN,
  'sasl.password': LOGIN,
  'sasl.jaas.config': LOGIN,
  username: LOGIN,
  password: LOGIN,
};

const ADDRESS = /^[^\s:/,@[\]]+:(\d{1,5})$/;

/** Throws `invalid-argument` for options that cannot work, with everything that is wrong with them. */
export function checkOptions(options: KafkajsOptions): void {
  const faults = faultsOf(options);
  if (faults.length > 0) throw new AsyncCallError('invalid-argument', `kafkajs: ${faults.join('; ')}`);
}

function faultsOf(options: unknown): string[] {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    return [`${kindOf(options)} is not an object of options: write kafkajs({ brokers: ['localhost:9092'] })`];
  const { brokers, idempotent, ssl, sasl } = options as Readonly<Record<string, unknown>>;
  const unknown = Object.entries(options)
    .filter(([key, value]) => value !== undefined && !Object.hasOwn(KNOWN, key))
    .map(([key]) => `there is no option ${inspect(key)}: ${adviceFor(key)}`);
  return [
    ...unknown,
    ...brokersFaults(brokers),
    ...idempotentFaults(idempotent),
    ...sslFaults(ssl),
    ...saslFaults(sasl),
  ];
}

/** What it is; what stands in it is not told, for it may be a secret. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  return value === undefined || value === null ? String(value) : `a ${typeof value}`;
}

function adviceFor(key: string): string {
  return Object.hasOwn(INSTEAD, key) ? INSTEAD[key] : `there are ${Object.keys(KNOWN).join(', ')}`;
}

function idempotentFaults(idempotent: unknown): string[] {
  if (idempotent === undefined || typeof idempotent === 'boolean') return [];
  return [`idempotent: ${inspect(idempotent)} is not a boolean: write idempotent: false, or leave it out`];
}

function brokersFaults(brokers: unknown): string[] {
  if (typeof brokers === 'function') return [];
  if (typeof brokers === 'string') {
    const addresses = brokers.split(',').map((address) => address.trim());
    return [`brokers: ${shown(brokers)} is not an array: write brokers: ${inspect(addresses.map(repaired))}`];
  }
  if (brokers === undefined) return [`brokers: it is missing: ${EXAMPLE}`];
  if (!Array.isArray(brokers)) return [`brokers: ${shown(brokers)} is not an array of addresses: ${EXAMPLE}`];
  if (brokers.length === 0) return [`brokers: it is empty: ${EXAMPLE}`];
  return brokers.flatMap((address: unknown) => addressFault(address) ?? []);
}

function addressFault(address: unknown): string | undefined {
  if (typeof address !== 'string' || address.trim() === '')
    return `brokers: ${shown(address)} is not an address: write 'localhost:9092'`;
  if (isAddress(address)) return undefined;
  const addresses = address.split(',').map((part) => part.trim());
  if (addresses.length > 1)
    return `brokers: ${shown(address)} is more than one address: write ${addresses.map((one) => inspect(repaired(one))).join(', ')}`;
  if (/^[^\s:/]+$/.test(address))
    return `brokers: ${shown(address)} has no port: write ${inspect(repaired(address))}`;
  const better = repaired(address);
  const advice = isAddress(better) ? better : 'localhost:9092';
  return `brokers: ${shown(address)} is not "host:port", with a host name or IPv4 address and a port from 1 to 65535: write ${inspect(advice)}`;
}

/** Some write a password before the host. */
function shown(value: unknown): string {
  return inspect(value).replace(/[^\s'"]+@/g, '…@');
}

/** Without a protocol, a path and white space, with a port: a proposal. */
function repaired(address: string): string {
  const bare = address
    .trim()
    .replace(/^[a-z_+]+:\/\//i, '')
    .replace(/^.*@/, '')
    .replace(/\/.*$/, '');
  return /:\d+$/.test(bare) ? bare : `${bare.replace(/:$/, '')}:9092`;
}

function isAddress(text: string): boolean {
  const port = Number(ADDRESS.exec(text)?.[1]);
  return port >= 1 && port <= 65_535;
}
