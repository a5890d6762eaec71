import type { BrokerError } from '../broker-error.js';
import { Backoff, pause } from './backoff.js';
import { closedError, isHopeless } from './errors.js';

/** What {@link persist} is told. */
export interface PersistOptions {
  /** Aborted when the component is closed. */
  readonly signal: AbortSignal;
  /** The component, for the error after its close. */
  readonly what: string;
  /** Tries again also after what people have to repair. Default false. */
  readonly evenIfHopeless?: boolean;
  /** Called after each failed attempt. */
  onTrouble?(error: BrokerError): void;
}

/** A topic that was just created is not known to every broker at once: for so long it is asked for again … */
export const UNKNOWN_TOPIC_GRACE_MS = 500;
/** … so often. */
export const UNKNOWN_TOPIC_PAUSE_MS = 100;

/**
 * Repeats the action until it succeeds, for as long as it takes. Rejects with what no waiting repairs,
 * and with `closed` once the signal is aborted.
 */
export async function persist<T>(action: () => Promise<T>, options: PersistOptions): Promise<T> {
  const { signal, what } = options;
  const backoff = new Backoff();
  const graceEnds = Date.now() + UNKNOWN_TOPIC_GRACE_MS;
  for (;;) {
    if (signal.aborted) throw closedError(what);
    try {
      return await action();
    } catch (thrown) {
      const error = thrown as BrokerError;
      if (signal.aborted) throw closedError(what);
      const isNew = error.code === 'unknown-topic' && Date.now() < graceEnds;
      if (isHopeless(error) && !isNew && !options.evenIfHopeless) throw error;
      if (isNew) {
        await pause(UNKNOWN_TOPIC_PAUSE_MS, signal);
        continue;
      }
      options.onTrouble?.(error);
      await backoff.pause(signal);
    }
  }
}
