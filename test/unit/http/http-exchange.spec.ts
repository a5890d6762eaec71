import { describe, expect, it } from '@jest/globals';
import { deadlineOf, isReconnect, prefersJson } from '../../../lib/http/http-exchange.js';

const request = (headers: Record<string, string | string[]>) => ({ method: 'GET', headers });

describe('a client', () => {
  it.each([
    ['application/json', true],
    ['Application/JSON; charset=utf-8', true],
    ['application/json, text/plain, */*', true],
    ['application/*', true],
    ['text/event-stream;q=0.5, application/json', true],
    ['*/*', false],
    ['text/event-stream', false],
    ['text/event-stream, application/json', false],
    ['text/event-stream, application/json;q=0.9', false],
    ['application/json;q=0', false],
    ['application/json;q=nonsense', false],
    ['text/html,application/xhtml+xml,*/*;q=0.8', false],
    ['', false],
  ])('that accepts "%s" prefers JSON: %s', (accept, expected) => {
    expect(prefersJson(request({ accept }))).toBe(expected);
  });

  it('that does not say gets events', () => {
    expect(prefersJson(request({}))).toBe(false);
  });

  it('connects again if it names the last event', () => {
    expect(isReconnect(request({ 'last-event-id': '3' }))).toBe(true);
    expect(isReconnect(request({ 'last-event-id': '' }))).toBe(false);
    expect(isReconnect(request({}))).toBe(false);
  });

  it.each([
    ['wait=10', 10_000],
    ['respond-async, wait=10', 10_000],
    ['WAIT = "10"; x=1', 10_000],
    ['handling=lenient;wait=2, y', 2_000],
    ['wait=0', 0],
    ['wait=-1', Infinity],
    ['wait=1.5', Infinity],
    ['await=10', Infinity],
    ['wait=99999999999999999999', Infinity],
    ['', Infinity],
  ])('that prefers "%s" waits for %s ms', (prefer, expected) => {
    expect(deadlineOf(request({ prefer }), 1_000)).toBe(1_000 + expected);
    expect(deadlineOf(request({ prefer: ['x', prefer] }), 1_000)).toBe(1_000 + expected);
  });
});
