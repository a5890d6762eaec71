import { mkdir, readFile, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { stateDir } from './paths.mjs';

const KEEP_MS = 24 * 60 * 60 * 1000;

/**
 * A folder for one cluster's logs, which stay after it has ended; older ones go after a day.
 *
 * @param {string} name
 */
export async function newLogDir(name) {
  const root = join(stateDir(), 'logs');
  const logDir = join(root, name);
  await mkdir(logDir, { recursive: true });
  for (const entry of await readdir(root)) {
    const { mtimeMs } = await newest(join(root, entry));
    if (Date.now() - mtimeMs > KEEP_MS) await rm(join(root, entry), { recursive: true, force: true });
  }
  return logDir;
}

/** The most recently written of a folder and its files. @param {string} dir */
async function newest(dir) {
  const files = await readdir(dir).catch(() => []);
  const stats = await Promise.all(
    [dir, ...files.map((file) => join(dir, file))].map((path) => stat(path).catch(() => ({ mtimeMs: 0 }))),
  );
  return stats.reduce((a, b) => (a.mtimeMs > b.mtimeMs ? a : b));
}

/** What was written to a log since this reader was made. */
export class LogReader {
  /** @param {string} file @param {number} offset */
  constructor(file, offset) {
    this.file = file;
    this.offset = offset;
  }

  /** @param {string} file that may not exist yet */
  static async fromEnd(file) {
    const { size } = await stat(file).catch(() => ({ size: 0 }));
    return new LogReader(file, size);
  }

  async text() {
    const content = await readFile(this.file).catch(() => Buffer.alloc(0));
    return content.subarray(this.offset).toString();
  }

  /** @param {string} text */
  async contains(text) {
    return (await this.text()).includes(text);
  }

  async tail(lines = 20) {
    return (await this.text()).trimEnd().split('\n').slice(-lines).join('\n');
  }
}
