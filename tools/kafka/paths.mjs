import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const projectDir = fileURLToPath(new URL('../..', import.meta.url));

/** Where downloads are kept between runs; `KAFKA_CACHE_DIR` overrides it. */
export const cacheDir = () => process.env.KAFKA_CACHE_DIR || join(projectDir, '.kafka');

/** Where the running broker is written down and logs are kept; `KAFKA_STATE_DIR` overrides it. */
export const stateDir = () => process.env.KAFKA_STATE_DIR || join(projectDir, '.kafka');

/** Where the keeper of a cluster that was left running can be reached. @param {string} clusterDir */
export const keeperSocket = (clusterDir) => join(clusterDir, 'keeper.sock');
