import { describe, expect, it, jest } from '@jest/globals';
import type { ConsumerRecord } from '../../../lib/broker/record.js';
import type { PendingCall } from '../../../lib/client/pending-call.js';
import { PendingCalls } from '../../../lib/client/pending-calls.js';
import { ReplyRouter } from '../../../lib/client/reply-router.js';
import { systemEnvironment } from '../../../lib/environment/system-environment.js';
import { MessageIds } from '../../../lib/protocol/message-ids.js';
import { HEADER } from '../../../lib/protocol/header-names.js';

/** A record of which nothing else can be read: it throws at every other part. */
function replyTo(id: string | Buffer): ConsumerRecord {
  const headers = [[HEADER.correlationId, Buffer.from(id)]];
  return new Proxy({ headers } as unknown as ConsumerRecord, {
    get: (record, name) => {
      if (name !== 'headers') throw new Error(`${String(name)} was read`);
      return record.headers;
    },
  });
}

function setUp() {
  const ids = new MessageIds(systemEnvironment);
  const calls = new PendingCalls();
  const pending = (requestId: string) => {
    const call = {
      requestId,
      receive: jest.fn<(record: ConsumerRecord) => void>(),
      onOver: jest.fn<(over: (call: { requestId: string }) => void) => void>(),
    };
    calls.add(call as unknown as PendingCall);
    return call;
  };
  return { ids, pending, router: new ReplyRouter(ids, calls) };
}

describe('ReplyRouter', () => {
  it('takes replies to their call', () => {
    const { ids, pending, router } = setUp();
    const [first, second] = [pending(ids.next()), pending(ids.next())];
    const reply = replyTo(second.requestId);
    router.route(reply);
    expect(second.receive).toHaveBeenCalledTimes(1);
    expect(second.receive.mock.calls[0][0]).toBe(reply);
    expect(first.receive).not.toHaveBeenCalled();
    expect(router).toMatchObject({ late: 0, foreign: 0 });
  });

  it('counts replies to calls that are over', () => {
    const { ids, pending, router } = setUp();
    const call = pending(ids.next());
    call.onOver.mock.calls[0][0](call);
    router.route(replyTo(call.requestId));
    router.route(replyTo(call.requestId));
    expect(call.receive).not.toHaveBeenCalled();
    expect(router).toMatchObject({ late: 2, foreign: 0 });
  });

  it('counts replies that are not for its client, with a look at their id alone', () => {
    const { router } = setUp();
    router.route(replyTo(new MessageIds(systemEnvironment).next()));
    router.route(replyTo('by-hand-1'));
    router.route(replyTo(Buffer.from([0, 255])));
    router.route({ ...replyTo(''), headers: [] });
    expect(router).toMatchObject({ late: 0, foreign: 4 });
  });
});
