import { ping } from './ping.mjs';

/** @import { RunningCluster } from './state.mjs' */

const OWN_HOSTS = ['127.0.0.1', 'localhost'];

/** The broker that the user has named by `KAFKA_BOOTSTRAP`, `undefined` if there is none. */
export const givenBroker = () => process.env.KAFKA_BOOTSTRAP || undefined;

/** Whether an address is one of the cluster's. @param {string} bootstrap @param {RunningCluster} cluster */
export function names(bootstrap, { nodes }) {
  const own = nodes.flatMap(({ port }) => OWN_HOSTS.map((host) => `${host}:${port}`));
  return bootstrap.split(',').some((address) => own.includes(address.trim()));
}

/**
 * @param {string} given
 * @returns {Promise<string>} that it answers
 * @throws if it does not
 */
export async function askGiven(given) {
  const brokers = await ping(given).catch((/** @type {Error} */ error) => {
    throw new Error(
      `KAFKA_BOOTSTRAP=${given} is set, but no broker answers there: ${error.message}. ` +
        'For a broker of this tool: unset KAFKA_BOOTSTRAP',
    );
  });
  return `KAFKA_BOOTSTRAP=${given} answers, with ${brokers.length} broker(s).`;
}

/**
 * For a command that has nothing of its own to work on, but may have been meant for that broker.
 *
 * @param {string} given
 * @param {string} done what the command would have done
 */
export function notOurs(given, done) {
  return new Error(
    `Nothing was ${done}: this tool runs no broker, and leaves alone what KAFKA_BOOTSTRAP=${given} names.`,
  );
}
