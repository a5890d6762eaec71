import { Controller, Get, Param } from '@nestjs/common';
import { AsyncCallsClient } from 'nestjs-async-calls';
import type { Observable } from 'rxjs';

/** HTTP in front of the bank. */
@Controller('accounts')
export class AccountsController {
  constructor(private readonly client: AsyncCallsClient) {}

  @Get(':name')
  account(@Param('name') name: string): Observable<string> {
    return this.client.send('bank/accounts', { name });
  }
}
