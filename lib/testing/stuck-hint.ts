import { Logger } from '@nestjs/common';
import { listed } from './leftovers.js';
import { realSetTimeout } from './real-globals.js';

/** Real time: a test that takes so long waits for something that does not come by itself. */
const HINT_AFTER_MS = 2_000;

/** Says what a test waits for that takes long: virtual time passes only when it is told to. */
export class StuckHint {
  private readonly logger = new Logger('AsyncCallsTesting');

  /** `open` tells what is open, a line each. */
  constructor(private readonly open: () => readonly string[]) {}

  /** The same promise, watched. */
  watch<T>(work: Promise<T>): Promise<T> {
    const timer = realSetTimeout(() => {
      // Nest's logger for tests shows nothing below an error.
      this.logger.error(
        `Time stands still: what waits for it goes on with \`await tester.advance(ms)\`. Open:${listed(this.open())}`,
      );
    }, HINT_AFTER_MS).unref();
    const end = () => clearTimeout(timer);
    work.then(end, end);
    return work;
  }
}
