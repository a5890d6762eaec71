import { describe, expect, it } from '@jest/globals';
import { Body, Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { type AsyncCallContext, AsyncEndpoint, defineEndpoint } from 'nestjs-async-calls';

const contract = defineEndpoint<number, number>('a-bank', '/pay');

describe('@AsyncEndpoint of a contract', () => {
  it('refuses another service, and options that there are not', () => {
    const options = { service: 'another', retries: 3 } as never;
    expect(() => AsyncEndpoint(contract, options)).toThrow(
      expect.objectContaining({
        code: 'invalid-argument',
        message:
          `@AsyncEndpoint('/pay'): there is no option "retries": there are service, retry, concurrency, maxHandlerMs; ` +
          `@AsyncEndpoint('/pay') service: the contract names the service, "a-bank": leave it out.`,
      }),
    );
  });

  it('refuses what is neither a name nor a contract', () => {
    for (const wrong of [undefined, null, 7, {}, { address: undefined }, { address: 7 }])
      expect(() => AsyncEndpoint(wrong as never)).toThrow(
        expect.objectContaining({
          code: 'invalid-argument',
          message: expect.stringMatching(/is not an endpoint name/),
        }),
      );
  });

  it('refuses a method that would not be handed the request', () => {
    const declare = () => {
      @Controller()
      class Bank {
        @AsyncEndpoint(contract)
        pay(amount: number, @Ctx() _context: AsyncCallContext): number {
          return amount;
        }
      }
      return Bank;
    };
    expect(declare).toThrow(
      "@AsyncEndpoint('/pay') of Bank.pay: its first parameter would be undefined, because others are decorated and " +
        'it is not. Write @Payload() before it.',
    );
  });

  it('takes methods that are handed the request, or want none', () => {
    @Controller()
    class Bank {
      @AsyncEndpoint(contract)
      undecorated(amount: number, _context: AsyncCallContext): number {
        return amount;
      }

      @AsyncEndpoint(contract)
      decorated(@Payload() amount: number, @Ctx() _context: AsyncCallContext): number {
        return amount;
      }

      @AsyncEndpoint(contract)
      ofHttpToo(@Body() amount: number): number {
        return amount;
      }

      @AsyncEndpoint(contract)
      none(): number {
        return 1;
      }
    }
    expect(Bank).toBeDefined();
  });
});
