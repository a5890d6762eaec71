// What compiles with contracts and what must not: a part of `npm run typecheck`, which fails at an expected error that
// does not come. Nothing here is run.
import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import {
  type AsyncCallContext,
  type AsyncCallsClient,
  AsyncEndpoint,
  type AsyncCallResponse,
  defineEndpoint,
  defineEvent,
  type EndpointContract,
  type EventContract,
} from 'nestjs-async-calls';
import { type Observable, of } from 'rxjs';
import * as v from 'valibot';
import { z } from 'zod';

/** Compiles only if both are the same type. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : never;
const same = <A, B>(_: Same<A, B>): void => undefined;

interface Wish {
  amount: number;
}
interface Bundle {
  index: number;
  amount: number;
}

const given = defineEndpoint<Wish, Bundle>('a-money-broker', '/given');
const ofZod = defineEndpoint('a-money-broker', '/of-zod', {
  request: z.object({ amount: z.number(), at: z.string().transform((text) => new Date(text)) }),
  response: z.object({ bundle: z.number().default(1) }),
});
const ofValibot = defineEndpoint('a-money-broker', '/of-valibot', {
  request: v.pipe(v.string(), v.transform(Number)),
  response: v.pipe(v.number(), v.transform(String)),
});
const requestOnly = defineEndpoint('a-money-broker', '/request-only', {
  request: v.object({ amount: v.number() }),
});
const checkedWish = defineEndpoint<Wish, Bundle>('a-money-broker', '/checked-wish', {
  request: z.object({ amount: z.number() }),
});
const silent = defineEndpoint<void, void>('a-money-broker', '/silent');

same<typeof given, EndpointContract<Wish, Bundle>>(true);
same<typeof checkedWish, EndpointContract<Wish, Bundle>>(true);
same<typeof ofValibot, EndpointContract<string, string, number, number>>(true);
same<typeof requestOnly, EndpointContract<{ amount: number }, unknown>>(true);

// @ts-expect-error -- the schema makes something else of a request than the type says
defineEndpoint<Wish, Bundle>('a-money-broker', '/x', { request: z.object({ amount: z.string() }) });
// @ts-expect-error -- not a schema
defineEndpoint('a-money-broker', '/x', { request: { amount: 'number' } });
// @ts-expect-error -- a misspelt option
defineEndpoint('a-money-broker', '/x', { requests: z.number() });
// @ts-expect-error -- no endpoint
defineEndpoint('a-money-broker');

export function calls(client: AsyncCallsClient): void {
  const called = client.call(given, { amount: 1 });
  same<typeof called, Observable<Bundle>>(true);
  const fromZod = client.call(ofZod, { amount: 1, at: '2026-01-01' }, { key: 'a', timeoutMs: 1_000 });
  same<typeof fromZod, Observable<{ bundle: number }>>(true);
  const fromValibot = client.call(ofValibot, '1');
  same<typeof fromValibot, Observable<string>>(true);
  client.call(silent, undefined);

  // @ts-expect-error -- a property of another type
  client.call(given, { amount: '1' });
  // @ts-expect-error -- a property is missing
  client.call(given, {});
  // @ts-expect-error -- a property too many
  client.call(given, { amount: 1, currency: 'EUR' });
  // @ts-expect-error -- no request
  client.call(given);
  // @ts-expect-error -- what the schema makes of it is not what it takes
  client.call(ofZod, { amount: 1, at: new Date() });
  // @ts-expect-error -- not an option of a call
  client.call(given, { amount: 1 }, { keys: 'a' });
  // @ts-expect-error -- a name is no contract: that is what `send` is for
  client.call('a-money-broker/given', { amount: 1 });
  // @ts-expect-error -- with `send` it would be called without its types
  client.send(given, { amount: 1 });
  // @ts-expect-error -- with `emit` likewise
  client.emit(given, { amount: 1 });
}

export function endpointClients(client: AsyncCallsClient): void {
  const money = client.to(given, { key: 'a' }).with({ timeoutMs: 1_000 });
  same<ReturnType<typeof money.send>, Observable<Bundle>>(true);
  same<ReturnType<typeof money.responses>, Observable<AsyncCallResponse<Bundle>>>(true);
  same<ReturnType<typeof money.emit>, Observable<void>>(true);
  money.send({ amount: 1 });
  client.to(silent).send();

  // @ts-expect-error -- a property of another type
  money.send({ amount: '1' });
  // @ts-expect-error -- a property is missing
  money.responses({});
  // @ts-expect-error -- a property is missing
  money.emit({});
  // @ts-expect-error -- the type of the responses is the contract's
  money.send<string>({ amount: 1 });

  // Without a contract as ever.
  const untyped = client.to('a-money-broker/given').send<Bundle>({ amount: 1 });
  same<typeof untyped, Observable<Bundle>>(true);
}

class WishDto implements Wish {
  amount!: number;
}

const bundle: Bundle = { index: 1, amount: 1 };

@Controller()
export class Fitting {
  @AsyncEndpoint(given)
  value(wish: Wish): Bundle {
    return { index: 1, amount: wish.amount };
  }

  @AsyncEndpoint(given, { concurrency: 4 })
  async promise(@Payload() _wish: WishDto, @Ctx() _context: AsyncCallContext): Promise<Bundle> {
    return bundle;
  }

  @AsyncEndpoint(given)
  observable(_wish: { readonly amount: number }): Observable<Bundle> {
    return of(bundle);
  }

  @AsyncEndpoint(given)
  async promisedObservable(): Promise<Observable<Bundle>> {
    return of(bundle);
  }

  @AsyncEndpoint(given)
  async *iterable(_wish: unknown): AsyncIterable<Bundle> {
    yield bundle;
  }

  @AsyncEndpoint(given)
  async *asyncGenerator(_wish: Wish) {
    yield bundle;
  }

  @AsyncEndpoint(given)
  *generator(_wish: Wish) {
    yield bundle;
  }

  @AsyncEndpoint(ofZod)
  transformed(wish: { amount: number; at: Date }): { bundle?: number } {
    return { bundle: wish.at.getTime() };
  }

  @AsyncEndpoint(ofValibot)
  outputOfTheRequest(amount: number): number {
    return amount;
  }

  @AsyncEndpoint(silent)
  async silent(): Promise<void> {}

  @AsyncEndpoint('/named', { service: 'a-money-broker' })
  named(anything: string, _context: AsyncCallContext): number {
    return anything.length;
  }
}

@Controller()
export class Misfitting {
  // @ts-expect-error -- the parameter takes something else
  @AsyncEndpoint(given)
  otherRequest(_wish: string): Bundle {
    return bundle;
  }

  // @ts-expect-error -- the parameter needs more than a request has
  @AsyncEndpoint(given)
  widerRequest(_wish: Wish & { currency: string }): Bundle {
    return bundle;
  }

  // @ts-expect-error -- the request is the first parameter
  @AsyncEndpoint(given)
  contextFirst(@Ctx() _context: AsyncCallContext, @Payload() _wish: Wish): Bundle {
    return bundle;
  }

  // @ts-expect-error -- another response
  @AsyncEndpoint(given)
  otherResponse(_wish: Wish): string {
    return 'money';
  }

  // @ts-expect-error -- a promise of another response
  @AsyncEndpoint(given)
  async otherPromise(_wish: Wish): Promise<string> {
    return 'money';
  }

  // @ts-expect-error -- an Observable of other responses
  @AsyncEndpoint(given)
  otherObservable(_wish: Wish): Observable<string> {
    return of('money');
  }

  // @ts-expect-error -- an async iterable of other responses
  @AsyncEndpoint(given)
  async *otherIterable(_wish: Wish): AsyncIterable<string> {
    yield 'money';
  }

  // @ts-expect-error -- a generator of other responses
  @AsyncEndpoint(given)
  *otherGenerator(_wish: Wish) {
    yield 'money';
  }

  // @ts-expect-error -- an array is one response
  @AsyncEndpoint(given)
  array(_wish: Wish): Bundle[] {
    return [bundle];
  }

  // @ts-expect-error -- no response
  @AsyncEndpoint(given)
  nothing(_wish: Wish): void {}

  // @ts-expect-error -- what the caller sends, but not what the schema makes of it
  @AsyncEndpoint(ofZod)
  inputOfTheRequest(_wish: { amount: number; at: string }): { bundle?: number } {
    return {};
  }

  // @ts-expect-error -- what the caller gets, but not what the schema takes
  @AsyncEndpoint(ofValibot)
  outputOfTheResponse(amount: number): string {
    return String(amount);
  }

  // @ts-expect-error -- the contract names the service
  @AsyncEndpoint(given, { service: 'another' })
  otherService(_wish: Wish): Bundle {
    return bundle;
  }
}

const plain = defineEvent<{ pizza: string }>('pizza');
const typed = defineEvent('pizza', {
  type: 'PizzaOrdered',
  schema: v.pipe(v.string(), v.transform(Number)),
});
same<typeof plain, EventContract<{ pizza: string }>>(true);
same<typeof typed, EventContract<string, number>>(true);

// @ts-expect-error -- the schema is of something else
defineEvent<{ pizza: string }>('pizza', { schema: z.object({ pizza: z.number() }) });
// @ts-expect-error -- a misspelt option
defineEvent('pizza', { types: 'PizzaOrdered' });
