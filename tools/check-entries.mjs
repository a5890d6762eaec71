// Checks what each built entry of the package loads: it imports nothing that package.json does not name
// for users, and an optional peer only where the entry is about that peer. Then it loads the entry, outside of a test runner.
import { readFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { dirname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';

/** Which optional peers an entry may load. @type {Record<string, string[]>} */
const OPTIONAL_PEERS_OF = {
  './kafkajs': ['kafkajs'],
  './confluent': ['@confluentinc/kafka-javascript'],
  './testing': ['@nestjs/testing', 'kafkajs'],
  './testing/jest': ['@jest/globals'],
  './testing/vitest': ['vitest'],
};
/** Entries that only a test runner can load: test/package does so. */
const OF_TEST_RUNNERS = ['./testing/jest', './testing/vitest'];

const root = fileURLToPath(new URL('..', import.meta.url));
const manifest = JSON.parse(await readFile(resolve(root, 'package.json'), 'utf8'));
const optional = Object.keys(manifest.peerDependenciesMeta ?? {});
const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });

/** @type {string[]} */
const faults = [];
for (const [entry, target] of Object.entries(manifest.exports)) {
  if (typeof target === 'string') continue;
  const file = resolve(root, target.default);
  for (const [name, importer] of await packagesOf(file)) {
    const fault = faultOf(entry, name);
    if (fault) faults.push(`${entry}: ${importer} imports ${name}, ${fault}`);
  }
  if (OF_TEST_RUNNERS.includes(entry)) continue;
  await import(pathToFileURL(file).href).catch((/** @type {Error} */ error) => {
    faults.push(`${entry}: cannot be loaded: ${error.message}`);
  });
}
for (const fault of faults) console.error(fault);
process.exitCode = faults.length > 0 ? 1 : 0;

/** @param {string} entry @param {string} name */
function faultOf(entry, name) {
  if (!declared.includes(name)) return 'which is neither a dependency nor a peer';
  if (!optional.includes(name) || OPTIONAL_PEERS_OF[entry]?.includes(name)) return undefined;
  return 'an optional peer that this entry must not need';
}

/**
 * @param {string} entryFile
 * @returns {Promise<Map<string, string>>} package name to the file that imports it
 */
async function packagesOf(entryFile) {
  const packages = new Map();
  const files = new Set([entryFile]);
  for (const file of files) {
    const source = await readFile(file, 'utf8').catch(() => {
      faults.push(`${file} is missing: run \`npm run build\` first`);
      return '';
    });
    for (const { fileName: specifier } of ts.preProcessFile(source, true, true).importedFiles) {
      if (specifier.startsWith('.')) files.add(resolve(dirname(file), specifier));
      else if (!isBuiltin(specifier)) packages.set(packageName(specifier), file.slice(root.length));
    }
  }
  return packages;
}

/** @param {string} specifier */
function isBuiltin(specifier) {
  return specifier.startsWith('node:') || builtinModules.includes(specifier);
}

/** @param {string} specifier */
function packageName(specifier) {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
