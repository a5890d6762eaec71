import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { AsyncEndpoint } from 'nestjs-async-calls';
import { map, type Observable, take, timer } from 'rxjs';

export interface Wish {
  readonly amount: number;
}

export interface Bundle {
  readonly bundle: number;
  readonly amount: number;
}

@Controller()
export class MoneyController {
  /** Four bundles, one a second: each is a partial response, sent when it is emitted. */
  @AsyncEndpoint('/show-me-the-money')
  showMeTheMoney(@Payload() wish: Wish): Observable<Bundle> {
    return timer(0, 1_000).pipe(
      take(4),
      map((index) => ({ bundle: index + 1, amount: wish.amount / 4 })),
    );
  }
}
