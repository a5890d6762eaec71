import { accessSync, constants, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { ProbeServerOptions } from 'nestjs-async-calls/health';
import type { KafkajsOptions } from 'nestjs-async-calls/kafkajs';

/** What differs from one place where the service runs to another. */
export interface Settings {
  /** Tells the instances apart; in Kubernetes the name of the pod. */
  readonly instance: string;
  readonly broker: KafkajsOptions;
  /** Where the probes are answered. */
  readonly probes: ProbeServerOptions;
}

/**
 * Reads the variables that the Deployment sets. Throws for the first that is missing, or whose file cannot be read: nothing
 * has been connected yet.
 */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  return {
    instance: required(env, 'POD_NAME'),
    broker: { brokers: required(env, 'KAFKA_BROKERS').split(','), ...security(env) },
    // The kubelet asks at the pod's address: all of them, unless it is said otherwise.
    probes: { port: Number(required(env, 'PROBE_PORT')), host: env['PROBE_HOST'] },
  };
}

/** Said in so many words: a variable that was forgotten must not mean a connection that anybody can read. */
function security(env: NodeJS.ProcessEnv): Pick<KafkajsOptions, 'ssl' | 'sasl'> {
  const protocol = required(env, 'KAFKA_SECURITY_PROTOCOL');
  switch (protocol) {
    case 'PLAINTEXT':
      return {};
    case 'SASL_SSL':
      return {
        ssl: { ca: readFileSync(required(env, 'KAFKA_CA_FILE')) },
        sasl: {
          mechanism: 'scram-sha-512',
          username: required(env, 'KAFKA_USERNAME'),
          password: passwordIn(required(env, 'KAFKA_PASSWORD_FILE')),
        },
      };
    default:
      throw new Error(`KAFKA_SECURITY_PROTOCOL is ${protocol}: write SASL_SSL, or PLAINTEXT for a first try`);
  }
}

/** Reads the file for each connection that is made: a password that was changed needs no restart. */
function passwordIn(file: string): () => Promise<string> {
  // Later this would be taken for an outage, and waited for.
  accessSync(file, constants.R_OK);
  return async () => (await readFile(file, 'utf8')).trim();
}

function required(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name];
  if (!value) throw new Error(`The environment variable ${name} is not set: see k8s/deployment.yaml`);
  return value;
}
