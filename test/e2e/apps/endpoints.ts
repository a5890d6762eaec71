import { inspect } from 'node:util';
import { BadRequestException, Controller, NotFoundException, ValidationPipe } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { IsEmail, IsInt, Min } from 'class-validator';
import { AsyncCallContext, AsyncCallsClient, AsyncEndpoint } from 'nestjs-async-calls';
import {
  concat,
  concatMap,
  delay,
  EMPTY,
  filter,
  finalize,
  firstValueFrom,
  map,
  NEVER,
  type Observable,
  of,
  range,
  ReplaySubject,
  take,
  throwError,
} from 'rxjs';
import { valueCase } from './values.js';

/** The `call` of each request that `/count-slowly` was run for, also before somebody watches. */
export const served = new ReplaySubject<string>();

/** A step that a test lets happen. */
interface Step {
  readonly gate: string;
  readonly step: number;
}

class Order {
  @IsEmail()
  email!: string;

  @IsInt()
  @Min(1)
  amount!: number;
}

/** What servers of the tests answer. */
@Controller()
export class Endpoints {
  private readonly released = new ReplaySubject<Step>();
  private readonly left = new Set<string>();

  constructor(private readonly client: AsyncCallsClient) {}

  /** Emits 0, 1, 2 …; each only when `/release` was called for it. */
  @AsyncEndpoint('/step-by-step')
  stepByStep(@Payload() { gate, steps }: { readonly gate: string; readonly steps: number }) {
    return range(0, steps).pipe(concatMap((step) => this.isReleased({ gate, step })));
  }

  /** The same, as an async iterable. */
  @AsyncEndpoint('/step-by-step-iterable')
  async *stepByStepIterable(@Payload() { gate, steps }: { readonly gate: string; readonly steps: number }) {
    for (let step = 0; step < steps; step += 1) {
      yield await firstValueFrom(this.isReleased({ gate, step }));
    }
  }

  @AsyncEndpoint('/release')
  release(@Payload() step: Step): void {
    this.released.next(step);
  }

  /** Emits once, and goes on until its caller has gone. */
  @AsyncEndpoint('/hold')
  hold(@Payload() { gate }: { readonly gate: string }): Observable<string> {
    return concat(of(gate), NEVER).pipe(finalize(() => this.left.add(gate)));
  }

  /** Whether `/hold` has been left. */
  @AsyncEndpoint('/is-left')
  isLeft(@Payload() gate: string): boolean {
    return this.left.has(gate);
  }

  private isReleased({ gate, step }: Step): Observable<number> {
    return this.released.pipe(
      filter((each) => each.gate === gate && each.step === step),
      take(1),
      map(() => step),
    );
  }

  @AsyncEndpoint('/empty')
  empty(): Observable<never> {
    return EMPTY;
  }

  /** Emits 0 to 3, but fails when it has emitted so many. */
  @AsyncEndpoint('/fail-after')
  failAfter(@Payload() emitted: number): Observable<number> {
    const failure = throwError(() => new BadRequestException({ message: 'That is enough', emitted }));
    return concat(range(0, emitted), failure, range(emitted, 4 - emitted));
  }

  @AsyncEndpoint('/not-found')
  notFound(): never {
    throw new NotFoundException({
      message: 'There is no such account',
      account: 'DE-42',
      hints: ['look up'],
    });
  }

  @AsyncEndpoint('/broken')
  broken(): never {
    throw new TypeError('the password is 1234');
  }

  @AsyncEndpoint('/validated')
  validated(@Payload(new ValidationPipe()) order: Order): Order {
    return order;
  }

  @AsyncEndpoint('/echo')
  echo(@Payload() value: unknown): Observable<unknown> {
    return of(value);
  }

  /** What the handler has got, in words. */
  @AsyncEndpoint('/inspect')
  inspect(@Payload() value: unknown): string {
    return inspect(value, { depth: 10 });
  }

  @AsyncEndpoint('/value')
  value(@Payload() name: string): Observable<unknown> {
    return of(valueCase(name).sent);
  }

  /** One small response, one of this size, one more small one. */
  @AsyncEndpoint('/bytes-between')
  bytesBetween(@Payload() size: number): Observable<unknown> {
    return of('before', Buffer.alloc(size, 'x'), 'after');
  }

  @AsyncEndpoint('/headers')
  headers(@Payload() data: unknown, @Ctx() { headers, key, caller }: AsyncCallContext) {
    return { data, headers: [...headers].map(([name, value]) => [name, value.toString()]), key, caller };
  }

  @AsyncEndpoint('/count')
  count(@Payload() { call, parts }: { readonly call: string; readonly parts: number }) {
    return range(0, parts).pipe(map((part) => ({ call, part })));
  }

  /** As `/count`, over 100 to 300 ms in all. */
  @AsyncEndpoint('/count-slowly')
  countSlowly(@Payload() { call, parts }: { readonly call: string; readonly parts: number }) {
    served.next(call);
    const pauseMs = (100 + Math.random() * 200) / parts;
    return range(0, parts).pipe(concatMap((part) => of({ call, part }).pipe(delay(pauseMs))));
  }

  /** Calls another endpoint, and answers what that answers. */
  @AsyncEndpoint('/relay')
  relay(@Payload() { target, data }: { readonly target: string; readonly data: unknown }) {
    return this.client.send(target, data).pipe(map((value) => ({ relayed: value })));
  }
}
