import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { noticingTls } from '../../../lib/broker/kafkajs/security/tls-alert.js';
import { TLS_WANTED } from '../../../lib/broker/kafkajs/security/tls-errors.js';

const ALERT = Buffer.from([0x15, 3, 3, 0, 2, 2, 80]);
const LENGTH = Buffer.from([0, 0, 0, 7]);

let server: Server;
let answer: Buffer;

beforeEach(async () => {
  server = createServer((socket) => socket.end(answer));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(async () => {
  server.close();
  await once(server, 'close');
});

function connect(factory = noticingTls()): Socket {
  const { port } = server.address() as AddressInfo;
  // kafkajs gives no `ssl` where there is no TLS, whatever its type says.
  return factory({ host: '127.0.0.1', port, ssl: undefined!, onConnect: () => undefined });
}

it('fails where the other side has answered with an alert of TLS', async () => {
  answer = ALERT;
  const [error] = (await once(connect(), 'error')) as [unknown];
  expect(error).toMatchObject({ code: TLS_WANTED });
});

it('lets every other answer through', async () => {
  answer = LENGTH;
  const socket = connect();
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  expect(bytes).toEqual(LENGTH);
  await once(socket, 'close');
});

it('makes the sockets that it is told to make', async () => {
  answer = ALERT;
  const made: Socket[] = [];
  const factory = noticingTls();
  const socket = connect(
    noticingTls((args) => {
      made.push(factory(args));
      return made[0];
    }),
  );
  expect(made).toEqual([socket]);
  await once(socket, 'error');
});
