// Asks an address again and again until it is killed, and says when it has begun.
import { strictEqual } from 'node:assert/strict';

const [url, perSecond] = process.argv.slice(2);

async function probe(): Promise<void> {
  const response = await fetch(url);
  strictEqual(response.status, 200, await response.text());
}

await probe();
console.log('probing');
setInterval(() => void probe(), 1_000 / Number(perSecond));
