import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HistoryEvent } from './events.js';

/** What all processes have written down in this folder, in the order of time. */
export async function readHistory(folder: string): Promise<HistoryEvent[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.jsonl'));
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  return texts.flatMap(eventsOf).sort((a, b) => a.at - b.at);
}

/** A line that has no end was being written when its process was killed: it did not happen. */
function eventsOf(text: string): HistoryEvent[] {
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as HistoryEvent);
}
