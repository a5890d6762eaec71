import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Whether the process lives and is the one meant: a pid alone may have been given to another process.
 *
 * @param {number} pid
 * @param {string} mark something only the command line of the process meant contains
 */
export async function isAlive(pid, mark) {
  return (await commandLine(pid)).includes(mark);
}

/**
 * Does nothing if the process is gone or the pid is another process's now.
 *
 * @param {number} pid
 * @param {string} mark
 * @param {NodeJS.Signals} signal
 */
export async function signalIfAlive(pid, mark, signal) {
  if (!(await isAlive(pid, mark))) return;
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
  }
}

/** @param {number} pid */
async function commandLine(pid) {
  if (existsSync('/proc/self/cmdline')) {
    return readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  }
  return run('ps', ['-ww', '-o', 'command=', '-p', String(pid)]).then(
    ({ stdout }) => stdout,
    () => '',
  );
}

/**
 * Polls until the condition holds.
 *
 * @param {() => boolean | Promise<boolean>} condition
 * @param {number} timeoutMs
 * @returns {Promise<boolean>} false if it did not hold in time
 */
export async function becomesTrue(condition, timeoutMs) {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() >= deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return true;
}

/**
 * @template T
 * @param {Promise<T>} promise
 * @param {number} timeoutMs
 * @param {string} fault what is thrown if it is not settled in time
 * @returns {Promise<T>}
 */
export async function inTime(promise, timeoutMs, fault) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(fault)), timeoutMs);
  });
  try {
    return await /** @type {Promise<T>} */ (Promise.race([promise, late]));
  } finally {
    clearTimeout(timer);
  }
}
