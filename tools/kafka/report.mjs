import { liveNodes } from './state.mjs';

/** @import { Cluster } from './cluster.mjs' */
/** @import { RunningCluster } from './state.mjs' */

/** For a first try, on this machine only: everybody may know these. */
export const TRIAL = { users: { admin: 'admin-secret', alice: 'alice-secret' }, admins: ['admin'] };

/** @param {string} bootstrap */
export function address(bootstrap) {
  return `${bootstrap}\nexport KAFKA_BOOTSTRAP=${bootstrap}`;
}

/** A line for each node, and what to do if one is down. @param {RunningCluster} cluster */
export async function nodeLines(cluster) {
  const live = await liveNodes(cluster);
  const lines = cluster.nodes.map(({ id, pid, port, logFile }) => {
    const what = live.includes(id) ? `pid ${pid}, 127.0.0.1:${port}` : 'down';
    return `node ${id}: ${what}, log ${logFile}`;
  });
  if (live.length < cluster.nodes.length) {
    lines.push('npm run kafka -- restart starts what is down, with its data.');
  }
  return lines.join('\n');
}

/** @param {Cluster} cluster */
export function secureAddress({ security, saslBootstrap, tlsBootstrap }) {
  const users = Object.entries(TRIAL.users).map(([name, password]) => {
    const rights = TRIAL.admins.includes(name) ? 'who may do everything' : 'who needs ACLs';
    return `  user ${name}, password ${password}, ${rights}`;
  });
  return [
    `TLS, with the certificate authority ${security?.caFile}:`,
    `${saslBootstrap} by SASL: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER (tokens without a signature)`,
    ...users,
    `${tlsBootstrap} by a certificate: ${security?.clientFile}, passphrase ${security?.clients.mary?.passphrase}, User:CN=mary`,
    'There are no ACLs for who comes without TLS.',
  ].join('\n');
}
