import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { AsyncCallsTesting } from '../../../lib/testing/index.js';
import { BankModule, Ledger } from '../../support/tested-bank.js';
import { waitFor } from '../../support/wait-for.js';

describe('mistakes in a test', () => {
  const logged = jest.spyOn(Logger.prototype, 'error');
  const start = (...banks: Ledger[]) =>
    AsyncCallsTesting.start(banks.map((ledger) => BankModule.with(ledger)));
  const lines = () => logged.mock.calls.map(([line]) => String(line));
  afterEach(() => void logged.mockClear());

  it('a service that is neither under test nor faked is named at once, and once, with what to write', async () => {
    logged.mockReturnValue();
    const tester = await start(new Ledger());
    const asked = tester.call('/ask', 'why');
    await tester.advance(60_000);
    expect(await asked).toMatchObject([{ error: { code: 'unknown-service' } }]);
    expect(lines().filter((line) => line.includes('neither under test nor faked'))).toEqual([
      expect.stringContaining(
        `"bank" calls "oracle", which is neither under test nor faked: write tester.fake('oracle/`,
      ),
    ]);
    await tester.close();
  });

  it('a test that waits for time that does not pass is told so', async () => {
    logged.mockReturnValue();
    const tester = await start(new Ledger());
    tester.fake('oracle/answer').after(500).responds(42);
    const asked = tester.call('/ask', 'why');
    await waitFor(() => lines().some((line) => line.includes('Time stands still')), { what: 'a hint' });
    expect(lines().at(-1)).toContain('the call of bank to oracle/answer has got 0 responses');
    await tester.advance(500);
    expect(await asked).toMatchObject([{ value: 42 }]);
    await tester.close();
  });

  it('what is sent after the end is refused', async () => {
    const tester = await start(new Ledger());
    await tester.close();
    expect(() => tester.call('/money', 100)).toThrow('its tester is closed');
    await expect(tester.emit('/book', 1)).rejects.toThrow('its tester is closed');
    expect(() => tester.publish('booked', 1)).toThrow('its tester is closed');
  });

  it('two instances of a service are no mistake: its endpoints have one name', async () => {
    const tester = await start(new Ledger(), new Ledger());
    expect(await tester.call('/money', 100)).toHaveLength(4);
    await tester.close();
  });
});
