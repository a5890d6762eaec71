const SEED = 0x9747b28c;
const M = 0x5bd1e995;

/**
 * The partition that Kafka's Java client gives a record with this key, so that records with one key meet in
 * one partition whoever wrote them.
 */
export function partitionForKey(key: Buffer, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions;
}

/** MurmurHash2 with the seed of Kafka's Java client; a signed 32-bit number. */
function murmur2(data: Buffer): number {
  const tail = data.length & ~3;
  let hash = SEED ^ data.length;
  for (let index = 0; index < tail; index += 4) {
    let k = Math.imul(data.readInt32LE(index), M);
    k = Math.imul(k ^ (k >>> 24), M);
    hash = Math.imul(hash, M) ^ k;
  }
  if (data.length > tail) {
    for (let index = data.length - 1; index >= tail; index -= 1) hash ^= data[index] << ((index - tail) * 8);
    hash = Math.imul(hash, M);
  }
  hash = Math.imul(hash ^ (hash >>> 13), M);
  return hash ^ (hash >>> 15);
}
