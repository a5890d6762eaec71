// What compiles with the matchers and what must not: a part of `npm run typecheck`, which fails at an expected error that
// does not come. Nothing here is run.
import { expect as expectOfJest } from '@jest/globals';
import type { AsyncCallsTesting } from 'nestjs-async-calls/testing';
import 'nestjs-async-calls/testing/jest';
import 'nestjs-async-calls/testing/vitest';
import { expect as expectOfVitest } from 'vitest';

export async function inJest(tester: AsyncCallsTesting): Promise<void> {
  expectOfJest(tester).toHaveSent();
  expectOfJest(tester).toHaveSent({ kind: 'request', to: 'oracle', value: { amount: 1 } }, { times: 2 });
  expectOfJest(tester).toHaveSent({ endpoint: expectOfJest.stringContaining('/a') });
  expectOfJest(tester).not.toHaveSent({ value: expectOfJest.objectContaining({ amount: 1 }) });
  expectOfJest(await tester.call('/money')).toHaveResponded(50, 'a', expectOfJest.any(Number));
  expectOfJest(await tester.call('/money')).toHaveFailed({ message: expectOfJest.stringContaining('no') });
  await expectOfJest(tester.call('/money')).resolves.toHaveFailed('conflict');
  const served: void = expectOfJest(await tester.emit('/book')).toHaveBeenServed();
  return served;
}

export async function inVitest(tester: AsyncCallsTesting): Promise<void> {
  expectOfVitest(tester).toHaveSent();
  expectOfVitest(tester).toHaveSent({ kind: 'request', to: 'oracle', value: { amount: 1 } }, { times: 2 });
  expectOfVitest(tester).not.toHaveSent({ endpoint: expectOfVitest.stringContaining('/a') });
  expectOfVitest(await tester.call('/money')).toHaveResponded(50, 'a', expectOfVitest.any(Number));
  expectOfVitest(await tester.call('/money')).toHaveFailed({
    message: expectOfVitest.stringContaining('no'),
  });
  await expectOfVitest(tester.call('/money')).resolves.toHaveFailed('conflict');
  const served: void = expectOfVitest(await tester.emit('/book')).toHaveBeenServed();
  return served;
}

export function mistakes(tester: AsyncCallsTesting): void {
  // @ts-expect-error -- there is no such kind
  expectOfJest(tester).toHaveSent({ kind: 'question' });
  // @ts-expect-error -- a property that messages do not have
  expectOfJest(tester).toHaveSent({ service: 'oracle' });
  // @ts-expect-error -- a number too little
  expectOfJest(tester).toHaveSent({}, { times: 'once' });
  // @ts-expect-error -- there is no such code
  expectOfJest(tester).toHaveFailed('conflicting');
  // @ts-expect-error -- it takes nothing
  expectOfJest(tester).toHaveBeenServed(1);
  // @ts-expect-error -- there is no such kind
  expectOfVitest(tester).toHaveSent({ kind: 'question' });
  // @ts-expect-error -- there is no such code
  expectOfVitest(tester).not.toHaveFailed({ code: 'conflicting' });
}
