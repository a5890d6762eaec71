import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, jest } from '@jest/globals';
import { MarkdownDocument } from './markdown.js';
import { faultsOf } from './snippets.js';

// Far more than it takes; for a machine that is busy with other things.
jest.setTimeout(60_000);

const root = fileURLToPath(new URL('../../../', import.meta.url));
const paths = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(root, 'docs')).map((name) => join('docs', name)),
  ...readdirSync(join(root, 'sample')).map((name) => join('sample', name, 'README.md')),
].filter((path) => path.endsWith('.md') && existsSync(join(root, path)));

const documents = new Map(
  paths.map((path) => [path, new MarkdownDocument(readFileSync(join(root, path), 'utf8'))]),
);

describe('the documents', () => {
  it('hold TypeScript that compiles', () => {
    const snippets = [...documents].flatMap(([document, { blocks }]) =>
      blocks.filter(({ info }) => info === 'ts').map((block) => ({ ...block, document })),
    );
    expect(snippets.length).toBeGreaterThan(0);
    expect(faultsOf(root, snippets)).toEqual([]);
  });

  it('say why where a block is not compiled', () => {
    const unexplained = [...documents].flatMap(([document, { blocks }]) =>
      blocks
        .filter(({ info, isExplained }) => /^(typescript|ts .*)$/.test(info) && !isExplained)
        .map(({ line, info }) => `${document}:${line}: ${info}`),
    );
    expect(unexplained).toEqual([]);
  });

  it.each(paths)('link from %s to what exists', (path) => {
    const dead = documents
      .get(path)!
      .links.filter(({ target }) => !/^[a-z]+:/.test(target) && !exists(path, target))
      .map(({ line, target }) => `${path}:${line}: ${target}`);
    expect(dead).toEqual([]);
  });
});

/** Whether a relative link leads to a file or folder, and to a heading of it if it names one. */
function exists(from: string, target: string): boolean {
  const [file = '', anchor] = target.split('#', 2);
  const path = file === '' ? join(root, from) : join(root, dirname(from), file);
  if (!existsSync(path)) return false;
  if (anchor === undefined) return true;
  const document = documents.get(relative(root, path));
  return document?.anchors.has(anchor) ?? false;
}
