import { short } from '../report/numbers.js';

/** What is used here of V8's `.cpuprofile`. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

const ROOT = new URL('../..', import.meta.url).href;

/** The functions that took most of the time by themselves, without those they called. */
export function topFunctions(json: string, count: number): string {
  const { nodes, samples, timeDeltas } = JSON.parse(json) as CpuProfile;
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const self = new Map<string, number>();
  samples.forEach((id, index) => {
    const name = names.get(id) ?? '';
    self.set(name, (self.get(name) ?? 0) + timeDeltas[index]);
  });
  const idle = self.get('(idle)') ?? 0;
  self.delete('(idle)');
  const busy = [...self.values()].reduce((sum, micros) => sum + micros, 0);
  const top = [...self].sort(([, a], [, b]) => b - a).slice(0, count);
  return [
    `Busy for ${short(busy / 1_000)} ms, idle for ${short(idle / 1_000)} ms.`,
    '',
    '| self ms | % of busy | function |',
    '| --- | --- | --- |',
    ...top.map(
      ([name, micros]) => `| ${short(micros / 1_000)} | ${short((100 * micros) / busy)} | ${name} |`,
    ),
  ].join('\n');
}

function nameOf({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  const where = url.replace(ROOT, '').replace(/^.*node_modules\//, '');
  return `${functionName || '(anonymous)'}${where && ` ${where}:${lineNumber + 1}`}`;
}
