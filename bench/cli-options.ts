import { parseArgs } from 'node:util';
import { CASES } from './cases.js';
import { PEERS } from './peers.js';

export interface CliOptions {
  readonly cases: readonly string[];
  readonly peers: readonly string[];
  /** How many rounds count; the one before them does not. */
  readonly rounds: number;
  readonly quick: boolean;
  /** The case to profile, instead of a benchmark. */
  readonly profile?: string;
}

const DEFAULT_ROUNDS = 5;

/** @throws an error that says what there is, if something was asked for that there is not */
export function readOptions(args: string[]): CliOptions {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      peers: { type: 'string' },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      profile: { type: 'string' },
    },
  });
  const rounds = Number(values.rounds ?? (values.quick ? 1 : DEFAULT_ROUNDS));
  if (!(Number.isInteger(rounds) && rounds > 0)) throw new Error('--rounds takes a number from 1');
  return {
    cases: chosen('case', positionals, CASES),
    peers: chosen('peer', values.peers?.split(',') ?? [], PEERS),
    rounds,
    quick: values.quick,
    profile: values.profile && chosen('case', [values.profile], CASES)[0],
  };
}

/** All if none is named. */
function chosen(what: string, names: readonly string[], all: Readonly<Record<string, unknown>>): string[] {
  const unknown = names.filter((name) => !Object.hasOwn(all, name));
  if (unknown.length > 0)
    throw new Error(`There is no ${what} ${unknown.join(', ')}; there are ${Object.keys(all).join(', ')}`);
  return names.length > 0 ? [...names] : Object.keys(all);
}
