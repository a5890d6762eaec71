import { eventTypeFault } from '../protocol/event.js';
import { type CallOptions, checkOptions, keyFault, type OptionFaults, timeoutFault } from './call-options.js';

/** How an event is published. */
export interface PublishOptions extends Pick<CallOptions, 'headers'> {
  /** How long the broker may take to store it, in milliseconds. Default: the module's `calls.timeoutMs`, 30,000. */
  readonly timeoutMs?: number;
  /**
   * The partition key. Events with one key keep their order, for each subscriber; events without are spread evenly.
   */
  readonly key?: string | Buffer;
  /** Tells the events of one topic apart: subscribers may take some types only. Default: none. */
  readonly type?: string;
}

const FAULT_OF: OptionFaults<PublishOptions> = {
  key: keyFault,
  // They are checked when they are encoded.
  headers: () => undefined,
  timeoutMs: timeoutFault,
  type: eventTypeFault,
};

/** Throws `invalid-argument` if the options cannot be followed. */
export function checkPublishOptions(options: PublishOptions): void {
  checkOptions(options, FAULT_OF, 'publish');
}
