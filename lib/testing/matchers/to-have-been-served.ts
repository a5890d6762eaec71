import type { Handled } from '../deliveries.js';
import { type Judge, notFor, section, type Verdict } from './matcher.js';
import { HANDLED, handledIn, lineOfHandled } from './outcomes.js';

/** See {@link AsyncCallsMatchers.toHaveBeenServed}. */
export function judgeServed(judge: Judge, subject: unknown): Verdict {
  const handled = handledIn(subject);
  if (!handled) throw notFor('toHaveBeenServed', HANDLED, subject);
  return {
    // What nobody subscribes to, nobody has served.
    pass: handled.length > 0 && handled.every(isServed),
    explain: () => [
      judge.isNot
        ? 'Expected that not every group has served it, but they have.'
        : expectation(handled.length),
      section(
        'What has become of it:',
        handled.map((each) => (isServed(each) ? String : judge.received)(lineOfHandled(each))),
      ),
    ],
  };
}

function isServed({ as }: Handled): boolean {
  return as === 'served';
}

function expectation(groups: number): string {
  return groups === 0
    ? 'Expected every group to have served it, but no group reads it: no service under test subscribes to this event.'
    : 'Expected every group to have served it.';
}
