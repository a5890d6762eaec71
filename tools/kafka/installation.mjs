import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cacheDir } from './paths.mjs';
import { progressLine } from './progress.mjs';

const run = promisify(execFile);
const POM = fileURLToPath(new URL('pom.xml', import.meta.url));
const OLDEST_JAVA = 17;

/**
 * How a broker can be run on this machine.
 *
 * @typedef {{ kind: 'java', version: string, java: string, javaVersion: string, classPath: string }} JavaInstallation
 * @typedef {{ kind: 'docker', version: string, image: string }} DockerInstallation
 * @typedef {JavaInstallation | DockerInstallation} Installation
 */

/** No way to run a broker here: the message says what to install. */
export class KafkaUnavailableError extends Error {
  /** @override */
  name = 'KafkaUnavailableError';
}

/**
 * Java with Kafka's jars (downloaded by Maven once), else Docker.
 *
 * @param {{ download?: boolean }} [options] `download: false` only looks at what is here already
 * @returns {Promise<Installation>}
 * @throws {KafkaUnavailableError} if there is neither, or the download failed
 */
export async function findInstallation({ download = true } = {}) {
  const version = process.env.KAFKA_VERSION || (await versionInPom());
  const java = await findJava();
  const libs = join(cacheDir(), `libs-${version}`);
  if (java && !existsSync(libs) && download && (await answers('mvn', ['--version']))) {
    await downloadJars(libs, serverOf(version), `Apache Kafka ${version}`);
  }
  if (java && existsSync(libs)) {
    return { kind: 'java', version, ...java, classPath: await classPathOf(libs) };
  }
  if (download && (await answers('docker', ['version', '--format', '{{.Server.Version}}']))) {
    return { kind: 'docker', version, image: await pullImage(`apache/kafka:${version}`) };
  }
  throw new KafkaUnavailableError(
    `No way to run Apache Kafka ${version} here. Install Java ${OLDEST_JAVA} or newer and Maven ` +
      `(found: ${java ? `Java ${java.javaVersion}, but no Maven` : 'no such Java'}), ` +
      'or start Docker, or set KAFKA_BOOTSTRAP=host:port to a broker of your own.',
  );
}

async function versionInPom() {
  const version = /<kafka\.version>(.+?)</.exec(await readFile(POM, 'utf8'))?.[1];
  if (!version) throw new Error(`${POM} names no kafka.version`);
  return version;
}

async function findJava() {
  const java = process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin', 'java') : 'java';
  const output = await run(java, ['-version']).then(
    ({ stderr }) => stderr,
    () => '',
  );
  const javaVersion = /version "((\d+)[^"]*)"/.exec(output)?.[1];
  if (!javaVersion || Number.parseInt(javaVersion, 10) < OLDEST_JAVA) return undefined;
  return { java, javaVersion };
}

/** @param {string} command @param {string[]} args */
function answers(command, args) {
  return run(command, args, { timeout: 20_000 }).then(
    () => true,
    () => false,
  );
}

/** Sorted, so that a class archive recorded with this class path stays valid. @param {string} libs */
async function classPathOf(libs) {
  const jars = (await readdir(libs)).filter((file) => file.endsWith('.jar')).toSorted();
  return jars.map((jar) => join(libs, jar)).join(':');
}

/**
 * Kafka's command line tools, which a broker does not need.
 *
 * @param {JavaInstallation} installation
 * @returns {Promise<string>} the class path, to be added to the broker's
 */
export async function downloadTools({ version }) {
  const folder = join(cacheDir(), `tools-${version}`);
  if (!existsSync(folder)) await downloadJars(folder, toolsOf(version), `the tools of Kafka ${version}`);
  return classPathOf(folder);
}

/** Maven's arguments for the server and all it needs. @param {string} version */
function serverOf(version) {
  return [`-Dkafka.version=${version}`, 'dependency:copy-dependencies', '-DincludeScope=runtime'];
}

/** Maven's arguments for the tools; the rest of what they need is the server's. @param {string} version */
function toolsOf(version) {
  return ['dependency:copy', `-Dartifact=org.apache.kafka:kafka-tools:${version}`];
}

/**
 * Into a folder of its own, then renamed: an interrupted download leaves nothing that looks complete.
 *
 * @param {string} target
 * @param {readonly string[]} goal
 * @param {string} what
 */
async function downloadJars(target, goal, what) {
  await mkdir(cacheDir(), { recursive: true });
  const partial = await mkdtemp(join(cacheDir(), 'download-'));
  try {
    await runMaven([...goal, `-DoutputDirectory=${partial}`], what);
    await rename(partial, target).catch((/** @type {unknown} */ error) => {
      // Another process that downloaded at the same time was first: its copy is as good.
      if (!existsSync(target)) throw error;
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** @param {readonly string[]} goal @param {string} what */
async function runMaven(goal, what) {
  const progress = progressLine();
  const maven = spawn('mvn', ['--batch-mode', '--file', POM, ...goal], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = new Promise((resolve) => {
    maven.once('error', resolve);
    maven.once('close', resolve);
  });
  const ticker = setInterval(() => progress.update(text()), 1000);
  /** @type {string[]} */
  const errors = [];
  let jars = 0;
  let kilobytes = 0;
  const text = () => `Downloading ${what}: ${jars} jars, ${(kilobytes / 1000).toFixed(1)} MB`;
  progress.update(text());
  for await (const line of createInterface(maven.stdout)) {
    const [, amount, unit] = /Downloaded from .*\.jar \(([\d.]+) ([kM]?B)/.exec(line) ?? [];
    if (amount) {
      jars += 1;
      kilobytes += Number(amount) * (unit === 'MB' ? 1000 : unit === 'kB' ? 1 : 0.001);
    }
    if (line.includes('ERROR')) errors.push(line);
  }
  const code = await exit;
  clearInterval(ticker);
  if (code !== 0) {
    throw new KafkaUnavailableError([`Maven could not download ${what}:`, ...errors.slice(0, 8)].join('\n'));
  }
  progress.done(`${text()}: done`);
}

/** @param {string} image */
async function pullImage(image) {
  if (await answers('docker', ['image', 'inspect', image])) return image;
  const docker = spawn('docker', ['pull', image], { stdio: ['ignore', process.stderr, 'inherit'] });
  const code = await new Promise((resolve) => docker.once('close', resolve));
  if (code !== 0) throw new KafkaUnavailableError(`docker pull ${image} failed`);
  return image;
}
