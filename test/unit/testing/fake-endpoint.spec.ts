import { describe, expect, it } from '@jest/globals';
import { FakeEndpoint } from '../../../lib/testing/fake-endpoint.js';

const kindsOf = (fake: FakeEndpoint) => fake.script().map(({ kind }) => kind);

describe('the script of a fake endpoint', () => {
  it('ends by itself', () => {
    expect(kindsOf(new FakeEndpoint())).toEqual(['end']);
    expect(kindsOf(new FakeEndpoint().responds(1, 2))).toEqual(['value', 'value', 'end']);
    expect(kindsOf(new FakeEndpoint().answers(() => 1))).toEqual(['function', 'end']);
    expect(kindsOf(new FakeEndpoint().responds(1).after(5))).toEqual(['value', 'wait', 'end']);
  });

  it('is not ended where it has an end of its own, or is to have none', () => {
    expect(kindsOf(new FakeEndpoint().responds(1).fails('no'))).toEqual(['value', 'fail']);
    expect(kindsOf(new FakeEndpoint().responds(1).staysSilent())).toEqual(['value', 'silence']);
    expect(kindsOf(new FakeEndpoint().sends({ seq: 0 }, { seq: 2 }))).toEqual(['raw', 'raw']);
    expect(kindsOf(new FakeEndpoint().sends({ seq: 0, kind: 'last' }))).toEqual(['raw']);
  });

  it('has what it was given, in its order', () => {
    const answer = () => 3;
    const response = { seq: 7, kind: 'next', value: 4, epoch: 2, attempt: 3 } as const;
    const fake = new FakeEndpoint().responds(1).after(20).answers(answer).sends(response).fails('no');
    expect(fake.script()).toEqual([
      { kind: 'value', value: 1 },
      { kind: 'wait', ms: 20 },
      { kind: 'function', answer },
      { kind: 'raw', response },
      { kind: 'fail', error: 'no' },
    ]);
  });

  it('can be asked for at each request: it does not grow', () => {
    const fake = new FakeEndpoint().responds(1);
    expect(fake.script()).toEqual(fake.script());
  });
});
