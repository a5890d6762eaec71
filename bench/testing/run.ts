import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { machine } from '../report/machine.js';
import { statisticOf, withRange } from '../report/statistics.js';
import { CALLS, type Cost, type Measured } from './measured.js';

const ROUNDS = 7;
const ROUND = fileURLToPath(new URL('round.ts', import.meta.url));

const WHAT: Readonly<Record<keyof Measured, string>> = {
  firstStart: 'start of the first application of a process',
  nextStart: 'start of another one',
  oneByOne: `${CALLS} calls, one after the other`,
  atOnce: `${CALLS} calls at once`,
  streams: `${CALLS} calls with four responses, one after the other`,
  transcript: `the transcript of these ${CALLS * 12} messages`,
  hour: 'an hour of virtual time in which nothing is called',
};

async function round(): Promise<Measured> {
  const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, ROUND]);
  // Nest's log is there, too.
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Measured;
}

const rounds: Measured[] = [];
while (rounds.length < ROUNDS) rounds.push(await round());

const cell = (name: keyof Measured, unit: keyof Cost) =>
  withRange(statisticOf(rounds.map((measured) => measured[name][unit])));
const rows = (Object.keys(WHAT) as (keyof Measured)[]).map(
  (name) => `| ${WHAT[name]} | ${cell(name, 'clock')} | ${cell(name, 'cpu')} |`,
);
console.log(
  [
    'Made by `node --conditions=nestjs-async-calls-source --import @oxc-node/core/register bench/testing/run.ts` ' +
      `on ${new Date().toISOString().slice(0, 10)}.`,
    '',
    `Machine: ${machine()}. Milliseconds: medians of ${ROUNDS} rounds, each in a process of its own; ranges in brackets.`,
    '',
    '|  | by the clock | CPU time |',
    '| --- | --- | --- |',
    ...rows,
  ].join('\n'),
);
