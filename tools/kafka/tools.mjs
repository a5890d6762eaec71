import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { downloadTools } from './installation.mjs';

/** @import { Installation } from './installation.mjs' */

const run = promisify(execFile);
const MAIN_CLASSES = {
  'kafka-acls': 'org.apache.kafka.tools.AclCommand',
  'kafka-configs': 'kafka.admin.ConfigCommand',
};
const JVM = ['-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:-UsePerfData'];

/** @typedef {keyof typeof MAIN_CLASSES} ToolName one of Kafka's own command line tools, by the name of its script */

/**
 * Runs one of Kafka's tools, as its script would; Maven downloads them once.
 *
 * @param {Installation} installation
 * @param {ToolName} name
 * @param {readonly string[]} args
 * @returns {Promise<string>} what it prints
 */
export async function runTool(installation, name, args) {
  if (installation.kind !== 'java') throw new Error(`${name} needs Java and Maven, not Docker.`);
  const { java, classPath } = installation;
  const jars = [classPath, await downloadTools(installation)].join(':');
  const { stdout } = await run(java, [...JVM, '-cp', jars, MAIN_CLASSES[name], ...args]);
  return stdout;
}
