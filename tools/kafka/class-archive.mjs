import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir } from './paths.mjs';

/** @import { Installation } from './installation.mjs' */

/**
 * JVM flags that let Kafka start from an archive of its loaded classes, in half the time. The first call
 * records the archive by running a throwaway node; a JVM that cannot use it goes on without it.
 *
 * @param {Installation} installation
 * @param {(jvmFlags: string[]) => Promise<{ nodes: readonly { id: number }[], stopNode(id: number): Promise<void>, stop(): Promise<void> }>} launch
 * @returns {Promise<string[]>}
 */
export async function classArchiveFlags(installation, launch) {
  if (installation.kind !== 'java') return [];
  const archive = join(cacheDir(), `classes-${installation.version}-java-${installation.javaVersion}.jsa`);
  if (!existsSync(archive)) await record(archive, launch);
  return existsSync(archive)
    ? [`-XX:SharedArchiveFile=${archive}`, '-Xlog:cds=off', '-Xlog:class+path=off']
    : [];
}

/** @param {string} archive @param {Parameters<typeof classArchiveFlags>[1]} launch */
async function record(archive, launch) {
  const partial = `${archive}.${process.pid}`;
  try {
    const cluster = await launch([`-XX:ArchiveClassesAtExit=${partial}`]);
    await cluster.stopNode(1);
    await cluster.stop();
    await rename(partial, archive);
  } catch (error) {
    // It only saves time: a JVM that cannot record is not a reason to have no broker.
    console.error('Kafka starts without a class archive:', error instanceof Error ? error.message : error);
    await rm(partial, { force: true });
  }
}
