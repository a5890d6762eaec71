import { randomBytes, randomInt } from 'node:crypto';

/** What a version 7 UUID has room for between its time and the tag, with digits for the version and the variant. */
const COUNTER_MAX = 2 ** 32 - 1;
const TEXT = 'tttttttt-tttt-7ccc-8ccc-cc##########';
const COUNTER_PLACES = [15, 16, 17, 20, 21, 22, 24, 25] as const;
/** Where the tag stands in the text, and how long it is: 40 bits. */
const TAG_START = 26;
const TAG_BYTES = 5;
const DIGITS = Buffer.from('0123456789abcdef', 'latin1');

/**
 * The ids of one client's requests: UUIDs, version 7, that end with a random tag of the client, so that it knows the
 * replies to its own requests by their last bytes. They are unique and ascend, whatever the clock does: by time and counter.
 */
export class RequestIds {
  private readonly tag = Buffer.from(randomBytes(TAG_BYTES).toString('hex'), 'latin1');
  /** The last id: of the next one only a few digits are others. */
  private readonly text = Buffer.from(TEXT, 'latin1');
  private msecs = 0;

  constructor(private counter = randomInt(COUNTER_MAX)) {
    this.text.set(this.tag, TAG_START);
  }

  next(): string {
    this.counter = this.counter === COUNTER_MAX ? 0 : this.counter + 1;
    const now = Date.now();
    if (now > this.msecs) this.writeTime(now);
    else if (this.counter === 0) this.writeTime(this.msecs + 1);
    this.writeCounter();
    return this.text.toString('latin1');
  }

  /** Whether these bytes are an id of this client, alive or over. */
  isOwn(id: Buffer): boolean {
    return (
      id.length === TEXT.length && id.compare(this.tag, 0, this.tag.length, TAG_START, TEXT.length) === 0
    );
  }

  private writeTime(msecs: number): void {
    this.msecs = msecs;
    const digits = msecs.toString(16).padStart(12, '0');
    this.text.write(`${digits.slice(0, 8)}-${digits.slice(8)}`, 'latin1');
  }

  private writeCounter(): void {
    let rest = this.counter;
    for (let place = COUNTER_PLACES.length - 1; place >= 0; place -= 1) {
      this.text[COUNTER_PLACES[place]] = DIGITS[rest & 15];
      rest >>>= 4;
    }
  }
}
