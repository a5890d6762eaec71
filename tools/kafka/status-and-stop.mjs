import { askGiven, givenBroker, names, notOurs } from './given-broker.mjs';
import { address, nodeLines } from './report.mjs';
import { endCluster, findRunning, liveNodes, readState } from './state.mjs';

/** Says what runs. @returns {Promise<number>} the exit code: 1 if nothing does */
export async function status() {
  const running = await findRunning();
  const given = givenBroker();
  if (!running) {
    console.log(given ? await askGiven(given) : 'Kafka is not running.');
    return given ? 0 : 1;
  }
  console.log(`${address(running.bootstrap)}\n${await nodeLines(running)}`);
  if (given && !names(given, running)) {
    const answer = await askGiven(given).catch((/** @type {Error} */ error) => error.message);
    console.log(`KAFKA_BOOTSTRAP=${given} names another broker. ${answer}`);
  }
  return (await liveNodes(running)).length > 0 ? 0 : 1;
}

/** Ends what `start` has started and removes its data. @returns {Promise<number>} the exit code */
export async function stop() {
  const running = await findRunning();
  const given = givenBroker();
  const known = running ?? (await readState());
  if (known) await endCluster(known);
  if (!running && given) throw notOurs(given, 'stopped');
  console.log(running ? 'Kafka has stopped; its data is removed.' : 'Kafka is not running.');
  if (running && given) {
    console.log(
      names(given, running)
        ? 'KAFKA_BOOTSTRAP still names it: unset KAFKA_BOOTSTRAP'
        : `KAFKA_BOOTSTRAP=${given} names another broker, which is left alone.`,
    );
  }
  return 0;
}
