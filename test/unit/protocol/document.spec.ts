import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { DEAD_LETTER_HEADER } from '../../../lib/delivery/dead-letter.js';
import { ERROR_STATUS } from '../../../lib/errors/error-code.js';
import { HEADER, PROTOCOL_VERSION } from '../../../lib/protocol/header-names.js';
import { NEST_HEADER } from '../../../lib/protocol/nest/nest-header.js';
import { CANCEL } from '../../../lib/protocol/cancel.js';
import { EVENT, type RequestKind } from '../../../lib/protocol/request.js';
import { decodeFrameList, encodeFrameList, type FrameKind } from '../../../lib/protocol/frame-list.js';
import { FRAMES } from '../../../lib/protocol/frames.js';

const RESERVED_HEADING = 'Reserved for later versions';

// Records, so that the compiler asks for a kind that is added.
const FRAME_KINDS: Record<FrameKind, true> = { next: true, last: true, complete: true, error: true };
const RESPONSE_KINDS: Record<FrameKind | typeof FRAMES, true> = { ...FRAME_KINDS, [FRAMES]: true };
const REQUEST_KINDS: Record<RequestKind | typeof CANCEL | typeof EVENT, true> = {
  event: true,
  request: true,
  'one-way': true,
  cancel: true,
};

const document = readFileSync(new URL('../../../docs/protocol.md', import.meta.url), 'utf8');

/** The text under a heading, up to the next heading of its level or above. */
function sectionOf(markdown: string, heading: string): string {
  const [, level] = new RegExp(`^(#+) ${heading}$`, 'm').exec(markdown) ?? [];
  if (!level) return '';
  const [, after = ''] = markdown.split(`${level} ${heading}\n`);
  return after.split(new RegExp(`^#{1,${level.length}} `, 'm'), 1)[0];
}

/** The protocol's headers that a text names as code, also as `name: value`. */
function headersIn(markdown: string): string[] {
  return [...markdown.matchAll(/`((?:ac-|kafka_)[\w-]+)/g)].map(([, name]) => name);
}

const layout = sectionOf(document, 'Frames');
const reserved = new Set(headersIn(sectionOf(document, RESERVED_HEADING)));
const known = new Set<string>(
  [HEADER, NEST_HEADER, DEAD_LETTER_HEADER].flatMap((headers) => Object.values<string>(headers)),
);

describe('docs/protocol.md', () => {
  it.each([
    ...known,
    ...Object.keys(RESPONSE_KINDS),
    ...Object.keys(REQUEST_KINDS),
    ...Object.keys(ERROR_STATUS),
    PROTOCOL_VERSION,
  ])('names `%s`', (name) => {
    expect(document).toContain(`\`${name}\``);
  });

  it.each(Object.keys(FRAME_KINDS))('numbers the kind `%s` of a frame as the code does', (kind) => {
    const frame = { kind: kind as FrameKind, payload: { bytes: null } };
    const [number] = encodeFrameList([frame]);
    expect(layout).toMatch(new RegExp(`\\b${number} (is )?\`${kind}\``));
  });

  it('has an example of frames that says what the code reads and writes', () => {
    const [, hex] = /```hex\n([^`]+)```/.exec(layout) ?? [];
    const example = Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');
    const json = (text: string) => ({ bytes: Buffer.from(text), contentType: 'application/json' });
    const none = { bytes: null, contentType: undefined };
    const frames = [
      { kind: 'next' as const, payload: json('12') },
      { kind: 'next' as const, payload: json('345') },
      { kind: 'next' as const, payload: none },
      { kind: 'complete' as const, payload: none },
    ];
    expect(decodeFrameList(example)).toEqual(frames);
    expect(encodeFrameList(frames)).toEqual(example);
  });

  it('names no header that the code does not know, but the reserved ones', () => {
    expect(headersIn(document).filter((name) => !known.has(name) && !reserved.has(name))).toEqual([]);
  });

  it('reserves no header that the code already uses', () => {
    expect([...reserved].filter((name) => known.has(name))).toEqual([]);
  });
});
