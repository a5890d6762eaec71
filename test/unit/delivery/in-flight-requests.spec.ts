import { describe, expect, it } from '@jest/globals';
import { InFlightRequests } from '../../../lib/delivery/in-flight-requests.js';

describe('InFlightRequests', () => {
  it('withdraws a request that is in flight, and no other', () => {
    const requests = new InFlightRequests();
    const [q, other] = [requests.take('q'), requests.take('other')];
    expect(requests.withdraw('q', 7n)).toBe(true);
    expect([q.aborted, other.aborted]).toEqual([true, false]);
    expect(requests.withdraw('unknown', 8n)).toBe(false);
  });

  it('is done with a cancel when the request has ended, not before', () => {
    const requests = new InFlightRequests();
    requests.take('q');
    requests.withdraw('q', 7n);
    requests.withdraw('q', 8n);
    expect(requests.end('q')).toEqual([7n, 8n]);
    expect(requests.withdraw('q', 9n)).toBe(false);
  });

  it('waits for every record of a request that was sent twice', () => {
    const requests = new InFlightRequests();
    expect(requests.take('q')).toBe(requests.take('q'));
    requests.withdraw('q', 7n);
    expect(requests.end('q')).toEqual([]);
    expect(requests.end('q')).toEqual([7n]);
  });
});
