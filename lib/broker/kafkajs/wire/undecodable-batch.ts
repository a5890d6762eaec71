/** A record batch, or what should be one, that cannot be read; says of what and what to do, but not where. */
export class UndecodableBatch extends Error {
  override readonly name = 'UndecodableBatch';
}
