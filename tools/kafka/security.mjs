import { execFile } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** @import { JavaInstallation } from './installation.mjs' */

const run = promisify(execFile);
const STORE = { type: 'PKCS12', password: 'changeit' };
const LOGIN = 'org.apache.kafka.common.security';
const SCRAM = ['SCRAM-SHA-256', 'SCRAM-SHA-512'];
/** For a JVM that has little to do. */
const QUICKLY = ['-J-XX:TieredStopAtLevel=1', '-J-XX:+UseSerialGC', '-J-Xmx64m'];
const LISTENER = 'listener.name.sasl_ssl';

/**
 * @typedef {object} SecurityOptions
 * @property {Readonly<Record<string, string>>} users names and passwords, for PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512
 * @property {readonly string[]} [admins] those of them whom no ACL has to allow anything
 *
 * @typedef {object} Security what a cluster is given that speaks TLS and SASL, beside its port without them
 * @property {string} ca the certificate, as PEM, of who has signed the brokers'
 * @property {string} caFile where that is
 * @property {string} clientFile a certificate of a client, `User:CN=mary`, with its key
 * @property {Readonly<Record<string, { pfx: Buffer, passphrase: string }>>} clients who presents a certificate, by its name:
 *   `mary` is `User:CN=mary`; `stranger` has one that the brokers do not trust
 * @property {Record<string, string>} properties of each broker
 * @property {readonly string[]} formatArgs
 */

/**
 * Makes the certificates of a cluster and says how to configure its brokers: with ACLs, which hold for all but those who
 * come by the port without TLS, its tools among them. The certificates are for 127.0.0.1, by this address only.
 *
 * @param {JavaInstallation} installation
 * @param {string} folder
 * @param {SecurityOptions} options
 * @returns {Promise<Security>}
 */
export async function prepareSecurity(installation, folder, { users, admins = [] }) {
  await mkdir(folder, { recursive: true });
  const keys = new KeyStores(installation, folder);
  await Promise.all([keys.authority('ca'), keys.authority('stranger')]);
  await keys.issue('ca', 'broker', ['-ext', 'san=ip:127.0.0.1']);
  await keys.issue('ca', 'mary');
  const [brokerFile, caFile] = [keys.file('broker'), join(folder, 'ca.pem')];
  await keys.exportCertificate('ca', caFile);
  return {
    ca: await readFile(caFile, 'utf8'),
    caFile,
    clientFile: keys.file('mary'),
    clients: { mary: await keys.read('mary'), stranger: await keys.read('stranger') },
    properties: {
      'ssl.keystore.type': STORE.type,
      'ssl.keystore.location': brokerFile,
      'ssl.keystore.password': STORE.password,
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': caFile,
      'listener.name.ssl.ssl.client.auth': 'required',
      [`${LISTENER}.sasl.enabled.mechanisms`]: ['PLAIN', ...SCRAM, 'OAUTHBEARER'].join(','),
      ...logins(users),
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': ['ANONYMOUS', ...admins].map((name) => `User:${name}`).join(';'),
    },
    formatArgs: Object.entries(users).flatMap(([name, password]) =>
      SCRAM.flatMap((mechanism) => ['--add-scram', `${mechanism}=[name=${name},password=${password}]`]),
    ),
  };
}

/** @param {Readonly<Record<string, string>>} users @returns {Record<string, string>} */
function logins(users) {
  const plain = Object.entries(users).map(([name, password]) => ` user_${name}="${password}"`);
  const login = (/** @type {string} */ mechanism) =>
    `${LISTENER}.${mechanism.toLowerCase()}.sasl.jaas.config`;
  return {
    [login('PLAIN')]: `${LOGIN}.plain.PlainLoginModule required${plain.join('')};`,
    ...Object.fromEntries(SCRAM.map((name) => [login(name), `${LOGIN}.scram.ScramLoginModule required;`])),
    // Without a validator of one's own, tokens need no signature: not for production.
    [login('OAUTHBEARER')]:
      `${LOGIN}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`,
  };
}

/** Keys and certificates, by the JDK's own tool. */
class KeyStores {
  #keytool;
  #folder;

  /** @param {JavaInstallation} installation @param {string} folder */
  constructor({ java }, folder) {
    this.#keytool = java.replace(/java$/, 'keytool');
    this.#folder = folder;
  }

  /** @param {string} name */
  file(name) {
    return join(this.#folder, `${name}.p12`);
  }

  /** Makes a certificate authority. @param {string} name */
  async authority(name) {
    await this.#generate(name, name, ['-ext', 'bc:c', '-ext', 'ku:c=keyCertSign']);
  }

  /** Makes a key whose certificate the authority signs. @param {string} authority @param {string} name @param {string[]} [more] */
  async issue(authority, name, more = []) {
    await this.#generate(authority, name, ['-signer', authority, ...more]);
    // A store of its own: with two keys in one, which of them is shown is left to chance.
    const from = ['-srcalias', name, '-srckeystore', this.file(authority), '-srcstorepass', STORE.password];
    const to = ['-destkeystore', this.file(name), '-deststorepass', STORE.password];
    await this.#run(['-importkeystore', '-noprompt', ...from, ...to, '-deststoretype', STORE.type]);
  }

  /** @param {string} name @param {string} file */
  async exportCertificate(name, file) {
    await this.#run(['-exportcert', '-rfc', '-alias', name, '-file', file, ...this.#store(name)]);
  }

  /** @param {string} name */
  async read(name) {
    return { pfx: await readFile(this.file(name)), passphrase: STORE.password };
  }

  /** @param {string} store @param {string} name @param {string[]} more */
  async #generate(store, name, more) {
    const key = ['-alias', name, '-dname', `CN=${name}`, '-keyalg', 'EC', '-groupname', 'secp256r1'];
    await this.#run(['-genkeypair', ...key, ...more, ...this.#store(store)]);
  }

  /** @param {string} name */
  #store(name) {
    return ['-keystore', this.file(name), '-storetype', STORE.type, '-storepass', STORE.password];
  }

  /** @param {string[]} args */
  async #run(args) {
    await run(this.#keytool, [...QUICKLY, ...args]);
  }
}
