import { describe, expect, it } from '@jest/globals';
import { type Departure, DepartureQueue, type Obstacle } from '../../../lib/client/departure-queue.js';
import { type Deferred, deferred } from '../support/deferred.js';

class Call implements Departure {
  isOver = false;
  error: unknown;
  private readonly listeners: (() => void)[] = [];

  constructor(
    readonly name: string,
    readonly kind: Departure['kind'] = 'one-way',
  ) {}

  onOver(listener: () => void): void {
    this.listeners.push(listener);
  }

  end(): void {
    this.isOver = true;
    for (const listener of this.listeners) listener();
  }

  fail(error: unknown): void {
    this.error = error;
    this.end();
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A queue in which each call waits until its obstacle, or that of everyone, is gone. */
function setUp() {
  const left: string[] = [];
  const obstacles = new Map<string, Obstacle>();
  const asked: string[] = [];
  const queue = new DepartureQueue<Call>({
    obstacleOf: ({ name }) => {
      asked.push(name);
      return obstacles.get(name);
    },
    leave: ({ name }) => left.push(name),
  });
  function hold(name: string, only?: Departure['kind']): Deferred<void> {
    const gone = deferred();
    obstacles.set(name, { removed: gone.promise, only });
    return { ...gone, resolve: () => (obstacles.delete(name), gone.resolve()) };
  }
  const push = (...calls: Call[]) => calls.forEach((call) => queue.push(call));
  return { left, asked, hold, push };
}

describe('DepartureQueue', () => {
  it('lets a call leave before push returns, if nothing keeps it', () => {
    const { left, push } = setUp();
    push(new Call('a'));
    expect(left).toEqual(['a']);
  });

  it('lets nothing overtake a call that has to wait', async () => {
    const { left, asked, hold, push } = setUp();
    const first = hold('a');
    const third = hold('c');
    push(new Call('a', 'request'), new Call('b'), new Call('c', 'request'), new Call('d'));
    await settled();
    expect([left, asked]).toEqual([[], ['a']]);
    first.resolve();
    await settled();
    expect(left).toEqual(['a', 'b']);
    third.resolve();
    await settled();
    expect(left).toEqual(['a', 'b', 'c', 'd']);
  });

  it('asks again for what a call lacks when the first thing is there', async () => {
    const { left, asked, hold, push } = setUp();
    const first = hold('a');
    push(new Call('a'));
    first.resolve();
    const second = hold('a');
    await settled();
    expect(left).toEqual([]);
    second.resolve();
    await settled();
    expect([left, asked]).toEqual([['a'], ['a', 'a', 'a']]);
  });

  it('waits no longer for a call that is over, and passes it over', async () => {
    const { left, hold, push } = setUp();
    hold('a');
    const [first, second] = [new Call('a'), new Call('b')];
    push(first, second, new Call('c'));
    second.end();
    expect(left).toEqual([]);
    first.end();
    expect(left).toEqual(['c']);
  });

  it.each(['request', 'handled'] as const)(
    'fails those that lack what could not be had (%s), and goes on with the others',
    async (kind) => {
      const { left, hold, push } = setUp();
      const topic = hold('a', kind);
      const calls = [new Call('a', kind), new Call('b'), new Call('c', kind), new Call('d')];
      push(...calls);
      topic.reject('no topic');
      await settled();
      expect(left).toEqual(['b', 'd']);
      expect(calls.map(({ error }) => error)).toEqual(['no topic', undefined, 'no topic', undefined]);
    },
  );

  it('takes calls that are made while others fail: they are tried by themselves', async () => {
    const { left, hold, push } = setUp();
    const service = hold('a');
    const [first, second] = [new Call('a'), new Call('b')];
    const third = hold('c');
    first.onOver(() => push(new Call('c'), new Call('d')));
    push(first, second);
    service.reject('unknown');
    await settled();
    expect([second.error, left]).toEqual(['unknown', []]);
    third.resolve();
    await settled();
    expect(left).toEqual(['c', 'd']);
  });
});
