import { deepStrictEqual, strictEqual } from 'node:assert/strict';
import { machine } from '../report/machine.js';
import { short } from '../report/numbers.js';
import { type Statistic, statisticOf, withRange } from '../report/statistics.js';
import { type BatchShape, type Codec, type CodecName, codecsFor } from './codecs.js';

const SHAPES: readonly BatchShape[] = [
  { records: 1, headers: 10, valueBytes: 200 },
  { records: 100, headers: 10, valueBytes: 200 },
  { records: 100, headers: 0, valueBytes: 200 },
  { records: 100, headers: 10, valueBytes: 5_000 },
];
const ROUNDS = 9;
/** Compilers have done their work by then. */
const WARM_UP_ROUNDS = 2;
const RECORDS_PER_ROUND = 10_000;

type Run = (codec: Codec) => Promise<unknown>;

/** Thousands of records in a second of CPU time, which other programs on the machine disturb less than the clock. */
async function rateOf(codec: Codec, run: Run, { records }: BatchShape): Promise<number> {
  const start = process.cpuUsage();
  for (let done = 0; done < RECORDS_PER_ROUND; done += records) await run(codec);
  const { user, system } = process.cpuUsage(start);
  return (RECORDS_PER_ROUND / (user + system)) * 1_000;
}

/** Both in turn, each first in every other round. */
async function compare(shape: BatchShape, run: Run): Promise<Record<CodecName, Statistic>> {
  const codecs = codecsFor(shape);
  const rates: Record<CodecName, number[]> = { ours: [], kafkajs: [] };
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
    const order: CodecName[] = round % 2 === 0 ? ['ours', 'kafkajs'] : ['kafkajs', 'ours'];
    for (const name of order) {
      const rate = await rateOf(codecs[name], run, shape);
      if (round >= WARM_UP_ROUNDS) rates[name].push(rate);
    }
  }
  return { ours: statisticOf(rates.ours), kafkajs: statisticOf(rates.kafkajs) };
}

async function rowsOf(shape: BatchShape): Promise<string[]> {
  const { ours, kafkajs } = codecsFor(shape);
  const batch = Buffer.from(await ours.encode());
  deepStrictEqual(batch, Buffer.from(await kafkajs.encode()));
  const decode: Run = async (codec) => strictEqual(await codec.decode(batch), shape.records);
  return [
    rowOf('encode', shape, await compare(shape, async (codec) => codec.encode())),
    rowOf('decode', shape, await compare(shape, decode)),
  ];
}

function rowOf(what: string, shape: BatchShape, { ours, kafkajs }: Record<CodecName, Statistic>): string {
  const { records, headers, valueBytes } = shape;
  const factor = `${short(ours.median / kafkajs.median)} ×`;
  return `| ${[what, records, headers, valueBytes, withRange(ours), withRange(kafkajs), factor].join(' | ')} |`;
}

console.log(
  [
    'Made by `node --conditions=nestjs-async-calls-source --import @oxc-node/core/register bench/codec/run.ts` ' +
      `on ${new Date().toISOString().slice(0, 10)}.`,
    '',
    `Machine: ${machine()}. Thousands of records in a second of CPU time: medians of ${ROUNDS} rounds, ranges in brackets.`,
    '',
    '|  | records in a batch | headers | bytes of a value | this library | kafkajs | factor |',
    '| --- | --- | --- | --- | --- | --- | --- |',
  ].join('\n'),
);
for (const shape of SHAPES) for (const row of await rowsOf(shape)) console.log(row);
