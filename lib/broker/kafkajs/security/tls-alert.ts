import type { ISocketFactory } from 'kafkajs';
import createSocketFactory from 'kafkajs/src/network/socketFactory.js';
import { TLS_WANTED } from './tls-errors.js';

const ALERT = 0x15;
const MAJOR_VERSION = 3;

/**
 * Makes sockets as `factory` does, by default as kafkajs does. One without TLS fails with {@link TLS_WANTED} when the
 * other side answers with an alert of TLS: kafkajs would take it for the length of a long answer, and wait.
 */
export function noticingTls(factory: ISocketFactory = createSocketFactory()): ISocketFactory {
  return (args) => {
    const socket = factory(args);
    if (!args.ssl)
      socket.once('data', (bytes) => {
        // As a length these bytes stand for 352 MB, which no first answer has.
        if (bytes[0] === ALERT && bytes[1] === MAJOR_VERSION) socket.destroy(new TlsWanted());
      });
    return socket;
  };
}

class TlsWanted extends Error {
  readonly code = TLS_WANTED;

  constructor() {
    super('The other side has answered with an alert of TLS');
  }
}
