import secureJson from 'secure-json-parse';

/**
 * The value of a JSON text. Throws a SyntaxError if it is none, and if it has a key `__proto__` or
 * `constructor.prototype` anywhere: code that merges such an object into another changes every object of the process.
 */
export function parseJson(bytes: Buffer): unknown {
  return secureJson.parse(bytes.toString('utf8')) as unknown;
}

/** The same, but leaves such keys out: for what has to be read in any case. */
export function parseJsonWithoutPrototypes(bytes: Buffer): unknown {
  return secureJson.parse(bytes.toString('utf8'), {
    protoAction: 'remove',
    constructorAction: 'remove',
  }) as unknown;
}
