const LOG_EVERY_MS = 10_000;

/**
 * One line that changes in place on a terminal; elsewhere (CI logs) a line at most every ten seconds.
 *
 * @param {NodeJS.WriteStream} stream
 */
export function progressLine(stream = process.stderr) {
  let lastWrite = 0;
  return {
    /** @param {string} text */
    update(text) {
      if (stream.isTTY) {
        stream.write(`\r\x1b[K${text}`);
      } else if (Date.now() - lastWrite >= LOG_EVERY_MS) {
        lastWrite = Date.now();
        stream.write(`${text}\n`);
      }
    },
    /** @param {string} text */
    done(text) {
      stream.write(stream.isTTY ? `\r\x1b[K${text}\n` : `${text}\n`);
    },
  };
}
