const MAX_LENGTH = 100;

/** Text of a stranger as it may stand in a message or log line: on one line, in quotes, and not endless. */
export function quoted(text: string | undefined): string {
  if (text === undefined || text.length <= MAX_LENGTH) return JSON.stringify(text) ?? 'undefined';
  return `${JSON.stringify(text.slice(0, MAX_LENGTH))}… (${text.length} characters)`;
}
