import { execFile, spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from '@nats-io/transport-node';
import { promisify } from 'node:util';
import { freePorts } from '../tools/kafka/ports.mjs';

const START_LIMIT_MS = 10_000;

export interface NatsServer {
  readonly url: string;
  readonly version: string;
  /** If it is one that the benchmark has started. */
  readonly pid?: number;
  stop(): void;
}

/** The one at NATS_URL, else one of its own if `nats-server` is in the path, else none. */
export async function findNats(): Promise<NatsServer | undefined> {
  const given = process.env['NATS_URL'];
  if (given) return { url: given, version: await versionOfGiven(given), stop: () => {} };
  const isThere = await promisify(execFile)('nats-server', ['--version']).then(
    () => true,
    () => false,
  );
  return isThere ? startNats() : undefined;
}

async function startNats(): Promise<NatsServer> {
  const [port] = await freePorts(1);
  const child = spawn('nats-server', ['--addr', '127.0.0.1', '--port', String(port)], { stdio: 'ignore' });
  const stop = () => void child.kill('SIGKILL');
  process.on('exit', stop);
  const url = `nats://127.0.0.1:${port}`;
  const end = Date.now() + START_LIMIT_MS;
  for (;;) {
    try {
      return { url, version: await versionAt(url), pid: child.pid, stop };
    } catch (error) {
      if (Date.now() < end && child.exitCode === null) await delay(50);
      else throw new Error('nats-server was started but does not answer', { cause: error });
    }
  }
}

async function versionOfGiven(url: string): Promise<string> {
  return versionAt(url).catch((error: unknown) => {
    throw new Error(`NATS_URL=${url} is set, but no server answers there`, { cause: error });
  });
}

async function versionAt(url: string): Promise<string> {
  const connection = await connect({ servers: url, reconnect: false });
  const version = connection.info?.version ?? 'unknown';
  await connection.close();
  return version;
}
