import { describe, expect, it } from '@jest/globals';
import { HttpGatewayModule, type HttpRoute, one } from 'nestjs-async-calls/http';
import { firstValueFrom, from, NEVER, startWith } from 'rxjs';

const route: HttpRoute = { method: 'GET', path: 'money', to: 'a-money-broker/money' };

function refusalOf(routes: readonly unknown[]): unknown {
  try {
    HttpGatewayModule.forRoutes(routes as HttpRoute[]);
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('a gateway', () => {
  it.each([
    [
      { ...route, method: 'get' },
      "get money: there is no method 'get': there are GET, POST, PUT, PATCH, DELETE.",
    ],
    [{ ...route, path: 7 }, 'GET 7: 7 is no path.'],
    [{ ...route, to: 'nowhere' }, expect.stringMatching(/^GET money: to: .*nowhere/)],
    [{ ...route, steam: true }, expect.stringMatching(/^GET money: a route has no "steam": it has method,/)],
    [
      { ...route, stream: { retry: 1 } },
      expect.stringMatching(/^GET money: stream: there is no option "retry"/),
    ],
    [
      { ...route, method: 'POST', path: 'accounts/:id' },
      expect.stringMatching(/^POST accounts\/:id: its body does not hold the parameters/),
    ],
    [undefined, 'undefined is no route.'],
  ])('refuses %j', (bad, message) => {
    expect(refusalOf([bad])).toMatchObject({ code: 'invalid-argument', message });
  });

  it('names all faults at once, and routes that are there twice', () => {
    expect(refusalOf([route, { ...route, to: '' }])).toMatchObject({
      message: expect.stringMatching(/GET money: to: .*; GET money: there are two routes/),
    });
    expect(refusalOf([route, { ...route, method: 'DELETE' }])).toBeUndefined();
  });
});

describe('one', () => {
  it('is the one response', async () => {
    expect(await firstValueFrom(one(from([undefined])))).toBeUndefined();
    expect(await firstValueFrom(one(from([7])))).toBe(7);
  });

  it('fails for none, and for the second without waiting for the end', async () => {
    const failure = { code: 'protocol-error', statusCode: 502 };
    await expect(firstValueFrom(one(from([])))).rejects.toMatchObject(failure);
    await expect(firstValueFrom(one(NEVER.pipe(startWith(1, 2))))).rejects.toMatchObject(failure);
  });
});
