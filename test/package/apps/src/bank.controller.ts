import { type CanActivate, Controller, Injectable, NotFoundException, UseGuards } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { IsPositive } from 'class-validator';
import { AsyncEndpoint } from 'nestjs-async-calls';
import { map, type Observable, take, timer } from 'rxjs';

export class Wish {
  @IsPositive()
  amount!: number;
}

export interface Bundle {
  readonly bundle: number;
  readonly amount: number;
}

@Injectable()
class Refusal implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

@Controller()
export class BankController {
  @AsyncEndpoint('/bundles')
  bundles(@Payload() wish: Wish): Observable<Bundle> {
    return timer(0, 20).pipe(
      take(4),
      map((index) => ({ bundle: index + 1, amount: wish.amount / 4 })),
    );
  }

  @AsyncEndpoint('/accounts')
  account(@Payload('name') name: string): string {
    throw new NotFoundException(`No account of ${name}`);
  }

  @UseGuards(Refusal)
  @AsyncEndpoint('/vault')
  vault(): string {
    return 'gold';
  }
}
