import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { messageOf } from '../../../errors/async-call-error.js';

const EXAMPLE = "write ssl: true, or ssl: { ca: readFileSync('/etc/kafka/ca.pem') }";
const PEM = '-----BEGIN ';
const PEM_OPTIONS = ['ca', 'cert', 'key'] as const;

/** What is wrong with the option `ssl`. No value is shown: it may be a secret. */
export function sslFaults(ssl: unknown): string[] {
  if (ssl === undefined || typeof ssl === 'boolean') return [];
  if (typeof ssl !== 'object' || ssl === null || Array.isArray(ssl))
    return [`ssl: it is neither a boolean nor an object: ${EXAMPLE}`];
  const options = ssl as SecureContextOptions;
  const faults = [...PEM_OPTIONS.flatMap((name) => pemFaults(name, options[name])), ...pairFaults(options)];
  return faults.length > 0 ? faults : contextFaults(options);
}

/** Node would take a path for a certificate that it cannot read, and say nothing. */
function pemFaults(name: string, value: unknown): string[] {
  if (value === undefined) return [];
  const advice = `write ${name}: readFileSync('/etc/kafka/${name}.pem')`;
  const parts: unknown[] = Array.isArray(value) ? value : [value];
  if (parts.length === 0) return [`ssl.${name}: it is empty: ${advice}`];
  const isStrange = (part: unknown) =>
    (typeof part === 'string' || Buffer.isBuffer(part)) && !part.includes(PEM);
  return parts.some(isStrange)
    ? [`ssl.${name}: it is not the text of a PEM file, which has a line "${PEM}…": ${advice}`]
    : [];
}

function pairFaults({ cert, key, pfx }: SecureContextOptions): string[] {
  if (pfx !== undefined || (cert === undefined) === (key === undefined)) return [];
  const [there, missing] = cert === undefined ? ['key', 'cert'] : ['cert', 'key'];
  return [`ssl.${missing}: it is missing, where there is ssl.${there}: a client's certificate needs both`];
}

function contextFaults(options: SecureContextOptions): string[] {
  try {
    createSecureContext(options);
    return [];
  } catch (error) {
    const what = messageOf(error);
    return [`ssl: ${what}: check that key, cert and passphrase (or pfx and passphrase) belong together`];
  }
}
