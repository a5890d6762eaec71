import type { Timeline } from './timeline.js';

/** What is wrong with a history, in words; nothing if nothing is. */
export type Rule = (timeline: Timeline) => string[];
