import { defineEndpoint } from 'nestjs-async-calls';
import { z } from 'zod';

/** Both sides import this file: it is all that they know of each other. */
export const showMeTheMoney = defineEndpoint('a-money-broker', '/show-me-the-money', {
  request: z.object({ amount: z.number().positive('it has to be more than nothing') }),
  response: z.object({ bundle: z.int(), amount: z.number() }),
});
