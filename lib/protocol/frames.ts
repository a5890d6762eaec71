import { DecodeError } from './decode-error.js';
import { decodeFrameList, encodeFrameList, type Frame } from './frame-list.js';
import { HeaderReader } from './header-reader.js';
import { HEADER } from './header-names.js';
import {
  bodyOf,
  decodeResponse,
  type FrameBody,
  frameOf,
  type IncomingResponse,
  readResponseHead,
  type ResponseHead,
  responseHeaders,
  responseRecord,
} from './response.js';
import { headerOf, isText, type WireRecord } from './wire-record.js';

/** The kind of a record that holds several responses, and how a request says that its caller reads such records. */
export const FRAMES = 'frames';

/**
 * The record of one response or of several that follow each other. The head is that of the first; the places of the
 * others follow from it, and their ids are made of its id: see {@link decodeResponses}. Only the last may be an end.
 */
export function encodeResponses(head: ResponseHead, bodies: readonly FrameBody[]): WireRecord {
  if (bodies.length === 1) return responseRecord(head, bodies[0]);
  return { value: encodeFrameList(bodies.map(frameOf)), headers: responseHeaders(head, FRAMES) };
}

/** Reads a record of a reply topic: one response or, if it is of the kind `frames`, several. Throws only {@link DecodeError}. */
export function decodeResponses(record: WireRecord): readonly IncomingResponse[] {
  const kind = headerOf(record, HEADER.kind);
  if (kind === undefined || !isText(kind, FRAMES)) return [decodeResponse(record)];
  const head = readResponseHead(new HeaderReader(record), record);
  const frames = decodeFrameList(record.value ?? Buffer.alloc(0));
  if (frames.length === 0) throw new DecodeError('The record of frames has none.');
  if (frames.slice(0, -1).some(isEnd)) {
    throw new DecodeError('There are frames behind the end of the stream.');
  }
  const { epoch, attempt, source, headers } = head;
  return frames.map((frame, index) =>
    Object.assign(
      { id: `${head.id}/${index}`, seq: head.seq + index, epoch, attempt, source, headers },
      bodyOf(frame),
    ),
  );
}

function isEnd({ kind }: Frame): boolean {
  return kind !== 'next';
}
