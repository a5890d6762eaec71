import { Controller } from '@nestjs/common';
import { AsyncEndpoint, defineEndpoint, type Schema } from 'nestjs-async-calls';

/** A schema as libraries make them, without one of them. */
const amount: Schema<number> = {
  '~standard': {
    version: 1,
    vendor: 'bank',
    validate: (value) =>
      typeof value === 'number' ? { value } : { issues: [{ message: 'not an amount', path: ['amount'] }] },
  },
};

export const interest = defineEndpoint('bank', '/interest', { request: amount, response: amount });

@Controller()
export class InterestController {
  @AsyncEndpoint(interest)
  *interest(of: number) {
    for (const percent of [1, 2]) yield (of * percent) / 100;
  }
}
