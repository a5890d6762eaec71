import type { HeaderEntry } from './message-headers.js';

/** Reads the protocol's own headers. The first of a repeated name counts. */
export class HeaderReader {
  private readonly first = new Map<string, Buffer>();

  constructor(entries: readonly HeaderEntry[]) {
    for (const [name, value] of entries) {
      if (!this.first.has(name)) this.first.set(name, value);
    }
  }

  bytes(name: string): Buffer | undefined {
    return this.first.get(name);
  }

  text(name: string): string | undefined {
    return this.first.get(name)?.toString('utf8');
  }

  /** A whole number from 0 on in decimal text; `undefined` if absent, `NaN` if it is anything else. */
  count(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    return /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  }
}
