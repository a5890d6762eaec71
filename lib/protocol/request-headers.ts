import type { AsyncCallError } from '../errors/async-call-error.js';
import { type Answerable, DecodeError } from './decode-error.js';
import { FRAMES } from './frames.js';
import { HEADER, PROTOCOL_VERSION } from './header-names.js';
import { type HeaderReader, parseCount } from './header-reader.js';
import { quoted } from './quoted.js';
import type { ReplyAddress } from './reply-address.js';
import { readEchoedState } from './response-state.js';
import { isTopicName } from './topic-names.js';

// What the headers of requests and of events have in common.

const VERSIONS = [PROTOCOL_VERSION];
const LIKELY_ACCEPTED = [FRAMES];
/** What is wrong is the sender's fault. */
export const BAD_REQUEST: { readonly code: AsyncCallError['code'] } = { code: 'bad-request' };

/** Throws {@link DecodeError} if the record says that it is of another version. */
export function checkVersion(read: HeaderReader, answerable: Answerable | undefined): void {
  const version = read.text(HEADER.version, VERSIONS);
  if (version === undefined || version === PROTOCOL_VERSION) return;
  throw new DecodeError(
    `${HEADER.version} is ${quoted(version)}; this service reads version ${PROTOCOL_VERSION}.`,
    answerable,
    BAD_REQUEST,
  );
}

/** The time left for the call; throws {@link DecodeError} if that is no number. */
export function readTimeout(read: HeaderReader, answerable: Answerable | undefined): number | undefined {
  const timeoutMs = read.count(HEADER.timeoutMs);
  if (!Number.isNaN(timeoutMs)) return timeoutMs;
  throw new DecodeError(`${HEADER.timeoutMs} is not a whole number.`, answerable, BAD_REQUEST);
}

/** What the caller reads beyond what every caller reads: words with commas between them. */
export function acceptsFrames(read: HeaderReader): boolean {
  const accepted = read.text(HEADER.accept, LIKELY_ACCEPTED);
  if (accepted === undefined || accepted === FRAMES) return accepted === FRAMES;
  return accepted.split(',').some((word) => word.trim() === FRAMES);
}

/**
 * Where the responses go; `undefined` if they go nowhere. Not to the topic that the record stands in: they would be read as
 * what it holds. Throws {@link DecodeError}.
 */
export function readReplyAddress(
  read: HeaderReader,
  requestTopic: string | undefined,
): ReplyAddress | undefined {
  const topic = read.text(HEADER.replyTopic);
  if (!topic) return undefined;
  if (!isTopicName(topic))
    throw new DecodeError(`${HEADER.replyTopic} is ${quoted(topic)}: no name of a topic.`);
  if (topic === requestTopic)
    throw new DecodeError(`${HEADER.replyTopic} is the topic of requests, ${quoted(topic)}.`);
  const partition = read.bytes(HEADER.replyPartition);
  const state = readEchoedState(read);
  const place = partition === undefined ? { topic } : { topic, partition: readPartition(partition) };
  return state ? { ...place, state } : place;
}

/** Decimal text, or the 4-byte big-endian integer that Spring writes; "1234" is text: it is never both. */
function readPartition(bytes: Buffer): number {
  const decimal = parseCount(bytes, 9);
  if (!Number.isNaN(decimal)) return decimal;
  if (bytes.length === 4 && bytes.readInt32BE() >= 0) return bytes.readInt32BE();
  throw new DecodeError(`${HEADER.replyPartition} is not a partition number.`);
}
