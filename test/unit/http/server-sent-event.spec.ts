import { describe, expect, it } from '@jest/globals';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import fc from 'fast-check';
import { formatEvent, ServerSentEvent, toJson } from '../../../lib/http/server-sent-event.js';

function parse(text: string): EventSourceMessage[] {
  const events: EventSourceMessage[] = [];
  createParser({ onEvent: (event) => events.push(event) }).feed(text);
  return events;
}

describe('an event', () => {
  it('is read as it was written, whatever the value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const [event, ...others] = parse(formatEvent({ id: '7', type: 'bundle', data: toJson(value) }));
        expect(others).toEqual([]);
        expect(event).toMatchObject({ id: '7', event: 'bundle' });
        expect(JSON.parse(event.data)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('has lines only for what it has', () => {
    expect(formatEvent({ id: 'start', retry: 5 })).toBe('id: start\nretry: 5\n\n');
    expect(formatEvent({ data: toJson(undefined) })).toBe('data: null\n\n');
  });

  it('is no event for a client without data', () => {
    expect(parse(formatEvent({ id: 'start', retry: 5 }))).toEqual([]);
  });

  it('is its data alone as JSON', () => {
    expect(toJson([new ServerSentEvent({ a: 1 }, { id: 'x' })])).toBe('[{"a":1}]');
  });

  it.each([
    [{ id: 'a\nb' }, /is not the id of an event/],
    [{ id: '' }, /is not the id of an event/],
    [{ id: 'a\0b' }, /is not the id of an event/],
    [{ id: 7 as unknown as string }, /7 is not the id/],
    [{ type: 'a\rb' }, /is not the type of an event/],
    [{ type: 'end' }, /cannot have the type "end"/],
    [{ type: 'error' }, /cannot have the type "error"/],
  ])('cannot have %j', (options, message) => {
    expect(() => new ServerSentEvent(1, options)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringMatching(message) }),
    );
  });
});
