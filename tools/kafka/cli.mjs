// npm run kafka -- start|status|kill|restart|stop: a real broker for tests and samples.
import { parseArgs } from 'node:util';
import { kill, restart } from './outage-commands.mjs';
import { start } from './start-command.mjs';
import { status, stop } from './status-and-stop.mjs';

const USAGE = `Usage: npm run kafka -- <command>

  start           starts Apache Kafka on free ports of 127.0.0.1 and leaves it running
                    --nodes <n>             1 by default; 3 replicate everything
                    --rebalance-delay <ms>  group.initial.rebalance.delay.ms, 0 by default
                    --until-exit-of <pid>   ends with that process, if it is not stopped before
                    --set <name>=<value>    a further broker property; may be repeated
                    --secure                also listens with TLS, SASL and ACLs; needs Java
  status          says what is running (exit code 0) or that nothing is (1)
  kill [node]     ends a node by SIGKILL, all by default; ports and data stay
  restart [node]  starts a node again on its port, with its data: one that runs is shut down before;
                  by default all that are down or, if none is, all, one after the other
  stop            ends everything and removes its data
  help            prints this

With KAFKA_BOOTSTRAP=host:port[,…] set to a broker that this tool has not started, start only asks that broker, and
so does status if none of this tool's runs. No command does anything to it.`;

/** How a command is run, and how many words it takes. @type {Record<string, { run: (word?: string) => Promise<number>, words: number }>} */
const commands = {
  start: { run: () => start(startOptions()), words: 0 },
  status: { run: status, words: 0 },
  kill: { run: kill, words: 1 },
  restart: { run: restart, words: 1 },
  stop: { run: stop, words: 0 },
};
const { values, positionals } = parseArguments();
const [name = '', ...words] = positionals;
const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
if (values.help || name === 'help') {
  console.log(USAGE);
} else if (!command || words.length > command.words) {
  console.error(USAGE);
  process.exitCode = 2;
} else {
  try {
    process.exitCode = await command.run(...words);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}

function parseArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        nodes: { type: 'string', default: '1' },
        'rebalance-delay': { type: 'string', default: '0' },
        'until-exit-of': { type: 'string' },
        set: { type: 'string', multiple: true, default: [] },
        secure: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    console.error(`${/** @type {Error} */ (error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

function startOptions() {
  const untilExitOf = values['until-exit-of'];
  return {
    nodes: wholeNumber('nodes', values.nodes, 1),
    rebalanceDelayMs: wholeNumber('rebalance-delay', values['rebalance-delay'], 0),
    properties: Object.fromEntries(values.set.map(toProperty)),
    secure: values.secure,
    untilExitOf: untilExitOf === undefined ? undefined : wholeNumber('until-exit-of', untilExitOf, 1),
  };
}

/** @param {string} option @param {string} text @param {number} least */
function wholeNumber(option, text, least) {
  const number = Number(text);
  if (!Number.isInteger(number) || number < least)
    throw new Error(`--${option} takes a number from ${least}, not ${text}`);
  return number;
}

/** @param {string} text @returns {[string, string]} */
function toProperty(text) {
  const at = text.indexOf('=');
  if (at < 1) throw new Error(`--set takes name=value, not ${text}`);
  return [text.slice(0, at), text.slice(at + 1)];
}
