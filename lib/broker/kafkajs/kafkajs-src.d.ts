/** kafkajs 2.2.4 is frozen and has no `exports` map: these files of it are what the driver builds on. */

declare module 'kafkajs/src/protocol/requests/index.js' {
  import type { Protocols } from './internals.js';
  const definitions: { requests: Protocols };
  export default definitions;
}

declare module 'kafkajs/src/protocol/error.js' {
  const definitions: { errorCodes: readonly { type: string; code: number; message: string }[] };
  export default definitions;
}

declare module 'kafkajs/src/network/socketFactory.js' {
  import type { ISocketFactory } from 'kafkajs';
  const createSocketFactory: () => ISocketFactory;
  export default createSocketFactory;
}

declare module 'kafkajs/src/broker/saslAuthenticator/*.js' {
  import type { Mechanism } from 'kafkajs';
  const provider: (login: {
    readonly username: string;
    readonly password: string;
  }) => Mechanism['authenticationProvider'];
  export default provider;
}
