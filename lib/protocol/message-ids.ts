import { v7 as uuid } from 'uuid';
import type { Environment } from '../environment/environment.js';

/** What a version 7 UUID has room for between its time and the tag. */
const COUNTER_MAX = 2 ** 32 - 1;
/** Where the tag stands in the text, and how long it is: 40 bits. */
const TAG_START = 26;
const ID_LENGTH = 36;

/**
 * The ids of one sender's messages: UUIDs, version 7, that end with a random tag of the sender, so that a client knows the
 * replies to its own requests by their last bytes. They are unique and ascend, whatever the clock does: by time and counter.
 */
export class MessageIds {
  /** `uuid` takes the last five of its random bytes as they are. */
  private readonly random = this.environment.randomBytes(16);
  private readonly tag = Buffer.from(this.random.toString('hex', 11), 'latin1');
  private msecs = 0;

  constructor(
    private readonly environment: Environment,
    private counter = environment.randomBytes(4).readUInt32BE(),
  ) {}

  next(): string {
    this.counter = this.counter === COUNTER_MAX ? 0 : this.counter + 1;
    const now = this.environment.now();
    if (now > this.msecs) this.msecs = now;
    else if (this.counter === 0) this.msecs += 1;
    return uuid({ msecs: this.msecs, seq: this.counter, random: this.random });
  }

  /** Whether these bytes are an id of this sender. */
  isOwn(id: Buffer): boolean {
    return id.length === ID_LENGTH && id.compare(this.tag, 0, this.tag.length, TAG_START, ID_LENGTH) === 0;
  }
}
