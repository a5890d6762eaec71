import { ConflictException, Controller, type DynamicModule, Injectable, Module } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { delay, from, lastValueFrom, type Observable } from 'rxjs';
import { memory } from '../../lib/broker/memory/index.js';
import { AsyncCallsClient } from '../../lib/client/async-calls-client.js';
import { AsyncCallsModule } from '../../lib/module/async-calls.module.js';
import { AsyncCallContext } from '../../lib/server/async-call-context.js';
import { AsyncEndpoint } from '../../lib/server/async-endpoint.decorator.js';
import { AsyncEvent } from '../../lib/server/async-event.decorator.js';
import { AsyncResponse } from '../../lib/server/async-response.decorator.js';
import type { ReceivedResponse } from '../../lib/server/received-response.js';

/** What a bank has booked; it outlives the application, as a database does. */
export class Ledger {
  readonly entries: unknown[] = [];
}

@Injectable()
class Tries {
  count = 0;
}

@Controller()
class BankController {
  constructor(
    private readonly ledger: Ledger,
    private readonly tries: Tries,
    private readonly client: AsyncCallsClient,
  ) {}

  /** Four parts. */
  @AsyncEndpoint('/money')
  money(@Payload() amount: number): Observable<number> {
    return from([amount / 2, amount / 5, amount / 5, amount / 10]);
  }

  @AsyncEndpoint('/refuse')
  refuse(): never {
    throw new ConflictException('no');
  }

  /** Works at the third attempt. */
  @AsyncEndpoint('/flaky')
  flaky(): string {
    this.tries.count += 1;
    if (this.tries.count < 3) throw new Error('not yet');
    return 'at last';
  }

  @AsyncEndpoint('/book')
  book(@Payload() entry: unknown): void {
    this.ledger.entries.push(entry);
  }

  @AsyncEvent('booked')
  booked(@Payload() entry: unknown): void {
    this.ledger.entries.push(entry);
  }

  /** Asks a service that is not this one. */
  @AsyncEndpoint('/ask')
  ask(@Payload() question: string): Promise<unknown> {
    return lastValueFrom(this.client.send('oracle/answer', question), { defaultValue: 'nothing' });
  }

  /** Has the answers come to {@link answered}. */
  @AsyncEndpoint('/ask-later')
  async askLater(@Payload() question: string): Promise<void> {
    const oracle = this.client.to('oracle/answer', { responses: 'handlers', state: { question } });
    await lastValueFrom(oracle.emit(question));
  }

  @AsyncResponse('oracle', '/answer')
  answered(@Payload() { kind, value, state }: ReceivedResponse): void {
    this.ledger.entries.push([kind, value, state]);
  }

  /** Sets a timer of its own. */
  @AsyncEndpoint('/slow')
  slow(): Observable<string> {
    return from(['slow']).pipe(delay(5_000));
  }

  @AsyncEndpoint('/never')
  never(_: unknown, _context: AsyncCallContext): Promise<never> {
    return new Promise(() => undefined);
  }
}

/** An application as a user has it: with a broker of its own choice. */
@Module({ controllers: [BankController], providers: [Tries] })
export class BankModule {
  static with(ledger: Ledger): DynamicModule {
    return {
      module: BankModule,
      imports: [AsyncCallsModule.forRoot({ service: 'bank', broker: memory() })],
      providers: [{ provide: Ledger, useValue: ledger }],
    };
  }
}
