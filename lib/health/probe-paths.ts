import { inspect } from 'node:util';
import { AsyncCallError } from '../errors/async-call-error.js';
import { faultOf, objectFaults } from '../module/option-faults.js';
import type { ProbePaths } from './health-options.js';
import type { Probe } from './health-probes.js';

const PROBES: readonly Probe[] = ['livez', 'readyz', 'startupz'];

/** The path of each probe that is answered, without a slash at its beginning. Throws `invalid-argument` for what is none. */
export function resolvePaths(paths: ProbePaths = {}): ReadonlyMap<Probe, string> {
  const shape = objectFaults('paths', paths, PROBES);
  const faults =
    shape.length > 0 ? shape : PROBES.map((probe) => faultOf(`paths.${probe}`, pathFault(paths[probe])));
  const list = faults.filter((each) => each !== undefined);
  if (list.length > 0)
    throw new AsyncCallError('invalid-argument', `AsyncCallsHealthModule: ${list.join('; ')}.`);
  const answered = PROBES.flatMap((probe) => {
    const path = paths[probe] ?? probe;
    return path === false ? [] : [[probe, path.replace(/^\//, '')] as const];
  });
  return new Map(answered);
}

function pathFault(path: unknown): string | undefined {
  if (path === undefined || path === false) return undefined;
  if (typeof path === 'string' && /^\/?[\w.~-]+(\/[\w.~-]+)*$/.test(path)) return undefined;
  return `${inspect(path)} is not a path: write 'health/live', or false for a probe that is not answered`;
}
