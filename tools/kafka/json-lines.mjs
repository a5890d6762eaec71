import { createInterface } from 'node:readline';

/** @import { Socket } from 'node:net' */

/**
 * Reads a connection that carries a JSON value a line. What is no JSON ends the connection.
 *
 * @param {Socket} socket
 * @param {(message: any) => void} listener
 */
export function onJsonLine(socket, listener) {
  const lines = createInterface({ input: socket });
  // A broken connection is told by its "close".
  for (const source of [socket, lines]) source.on('error', () => undefined);
  lines.on('line', (line) => {
    const message = parsed(line);
    if (message === undefined) socket.destroy();
    else listener(message);
  });
}

/** @param {Socket} socket @param {unknown} message */
export function writeJsonLine(socket, message) {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
}

/** @param {string} line */
function parsed(line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
