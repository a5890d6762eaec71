import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect } from '@jest/globals';
import { type Admin, Kafka, type KafkaConfig, logLevel } from 'kafkajs';
import { findInstallation } from '../../tools/kafka/installation.mjs';
import { isAlive } from '../../tools/kafka/processes.mjs';
import type { RunningCluster } from '../../tools/kafka/state.mjs';
import { uniqueName } from '../support/kafka.js';

const CLI = 'tools/kafka/cli.mjs';
/** A test run that is killed must not leave its broker running. */
const START = ['start', '--until-exit-of', String(process.pid)];

/** For a test that starts a broker. */
export const START_MS = 120_000;

const installed = await findInstallation({ download: false }).then(
  () => true,
  () => false,
);

/** `describe` for what starts brokers of its own: skipped where none can be run without a download. */
export const describeWithKafkaTool = installed ? describe : describe.skip;

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  /** What was written to stdout, then what was written to stderr. */
  readonly output: string;
}

/** `npm run kafka` with a state of its own: it knows of no broker but those that it starts itself. */
export class KafkaTool implements AsyncDisposable {
  private constructor(private readonly stateDir: string) {}

  static async create(): Promise<KafkaTool> {
    return new KafkaTool(await mkdtemp(join(tmpdir(), 'kafka-tool-')));
  }

  start(...options: string[]): Promise<CommandResult> {
    return this.run([...START, ...options]);
  }

  /** @param bootstrap the value of `KAFKA_BOOTSTRAP`, none by default */
  run(words: string | readonly string[], bootstrap = ''): Promise<CommandResult> {
    const env = { ...process.env, KAFKA_BOOTSTRAP: bootstrap, KAFKA_STATE_DIR: this.stateDir };
    return new Promise((resolve) => {
      const child = execFile(
        process.execPath,
        [CLI, ...[words].flat()],
        { env },
        (_error, stdout, stderr) => {
          resolve({ code: child.exitCode ?? -1, stdout, output: stdout + stderr });
        },
      );
    });
  }

  /** What `start` has written down. */
  async state(): Promise<RunningCluster> {
    return JSON.parse(await readFile(join(this.stateDir, 'running.json'), 'utf8')) as RunningCluster;
  }

  /** Fails if anything is left of a cluster: its nodes, its keeper, or its data. */
  async expectEnded({ nodes, keeperPid, clusterDir }: RunningCluster): Promise<void> {
    for (const pid of [...nodes.map((node) => node.pid), keeperPid]) {
      expect(await isAlive(pid, clusterDir)).toBe(false);
    }
    expect(existsSync(clusterDir)).toBe(false);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run('stop');
    await rm(this.stateDir, { recursive: true, force: true });
  }
}

/** Writes a record, to find out later whether the broker at that address still has it. */
export async function keepRecord(bootstrap: string): Promise<{ expectKept(): Promise<void> }> {
  const topic = uniqueName('kept');
  await withAdmin(bootstrap, async (admin, kafka) => {
    await admin.createTopics({ topics: [{ topic, numPartitions: 2 }], waitForLeaders: true });
    const producer = kafka.producer();
    await producer.connect();
    await producer.send({ topic, messages: [{ partition: 1, value: 'kept' }] });
    await producer.disconnect();
  });
  return {
    async expectKept() {
      const offsets = await withAdmin(bootstrap, (admin) => admin.fetchTopicOffsets(topic));
      expect(offsets).toContainEqual({ partition: 1, offset: '1', high: '1', low: '0' });
    },
  };
}

export async function withAdmin<T>(
  bootstrap: string,
  use: (admin: Admin, kafka: Kafka) => Promise<T>,
  security: Pick<KafkaConfig, 'ssl' | 'sasl'> = {},
): Promise<T> {
  const brokers = bootstrap.split(',');
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING, ...security });
  const admin = kafka.admin();
  await admin.connect();
  try {
    return await use(admin, kafka);
  } finally {
    await admin.disconnect();
  }
}
