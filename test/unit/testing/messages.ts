import { MessageHeaders } from '../../../lib/protocol/message-headers.js';
import type { SentMessage } from '../../../lib/testing/sent-message.js';

/** A message with what is given, and the rest of a request that nobody cares for. */
export function message(part: Partial<SentMessage>): SentMessage {
  return {
    kind: 'request',
    from: 'shop',
    to: 'bank',
    value: undefined,
    headers: MessageHeaders.ofRecord([]),
    key: null,
    requestId: '',
    topic: 'bank.requests',
    partition: 0,
    atMs: 0,
    ...part,
  };
}
