import type { Rule } from './rule.js';
import type { Call } from './timeline.js';

/**
 * What a caller sees of its stream is its beginning, in order, without gaps and repeats, of one request; all of it
 * if the call ended well, and nothing after its end.
 */
export const everyStreamIsWhole: Rule = ({ calls }) => calls.flatMap((call) => faultOf(call) ?? []);

function faultOf({ sent, received, ended }: Call): string | undefined {
  const { call, oneWay, parts } = sent;
  const seqs = received.map(({ seq }) => seq);
  const is = `${call} got ${seqs.join(', ') || 'nothing'}`;
  if (seqs.some((seq, index) => seq !== index)) return `${is}: not in order, or with gaps or repeats`;
  if (received.some(({ part, seq, answers }) => part !== seq || answers !== call))
    return `${is}: not its own responses: ${JSON.stringify(received)}`;
  if (new Set(received.map(({ requestId }) => requestId)).size > 1) return `${is}: of several requests`;
  if (ended && received.some(({ at }) => at > ended.at)) return `${is}: after its end`;
  if (ended && !ended.error && received.length !== (oneWay ? 0 : parts))
    return `${is} and ended well; there are ${oneWay ? 0 : parts}`;
  return undefined;
}
