import type { Observable } from 'rxjs';
import { AsyncCallError } from '../errors/async-call-error.js';
import { toJson } from './server-sent-event.js';
import { Source } from './source.js';

/** What is read of a stream, and how to leave it. */
export interface PendingList {
  /** The JSON text of a list of all values. Rejects with the stream's error; `undefined` if it was left. */
  readonly json: Promise<string | undefined>;
  leave(): void;
  /** Leaves it with an error. */
  end(error: unknown): void;
}

/** Collects the values of a stream as JSON. One that takes more than `maxBytes` fails with `payload-too-large`. */
export function collectList(valuesOf: () => Observable<unknown>, maxBytes: number): PendingList {
  let end!: (error: unknown) => void;
  let leave!: () => void;
  const json = new Promise<string | undefined>((resolve, reject) => {
    const items: string[] = [];
    let bytes = 0;
    const add = (value: unknown) => {
      const item = toJson(value);
      bytes += Buffer.byteLength(item) + 1;
      if (bytes > maxBytes) throw tooLong(maxBytes);
      items.push(item);
    };
    const source = new Source();
    leave = () => {
      resolve(undefined);
      source.leave();
    };
    end = (error) => {
      reject(error);
      source.leave();
    };
    const observer = {
      next: (value: unknown) => {
        try {
          add(value);
        } catch (error) {
          end(error);
        }
      },
      error: reject,
      complete: () => resolve(`[${items.join(',')}]`),
    };
    source.subscribe(valuesOf(), observer);
  });
  return { json, leave, end };
}

function tooLong(maxBytes: number): AsyncCallError {
  return new AsyncCallError(
    'payload-too-large',
    `The values of the stream take more than ${maxBytes} bytes as a list of JSON. Ask for text/event-stream, or raise maxPendingBytes.`,
    { statusCode: 500 },
  );
}
