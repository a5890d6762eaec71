/** A block of code in a document. */
export interface CodeBlock {
  /** What stands behind the fence, e.g. `ts`. */
  readonly info: string;
  readonly code: string;
  /** The line of its first line of code, from 1. */
  readonly line: number;
  /** Whether an HTML comment stands right above it. */
  readonly isExplained: boolean;
}

/** A link in a document. */
export interface Link {
  readonly target: string;
  readonly line: number;
}

/** What the tests look at in a Markdown document. */
export class MarkdownDocument {
  readonly blocks: CodeBlock[] = [];
  /** As links name them. */
  readonly anchors = new Set<string>();
  readonly links: Link[] = [];

  constructor(text: string) {
    const lines = text.split('\n');
    for (let index = 0; index < lines.length; index += 1) {
      const [, fence, info] = /^(`{3,})(.*)$/.exec(lines[index] ?? '') ?? [];
      if (fence) {
        const end = lines.indexOf(fence, index + 1);
        if (end < 0) throw new Error(`The block that begins in line ${index + 1} has no end`);
        this.blocks.push({
          info: (info ?? '').trim(),
          code: lines.slice(index + 1, end).join('\n'),
          line: index + 2,
          isExplained:
            lines
              .slice(0, index)
              .findLast((line) => line.trim() !== '')
              ?.endsWith('-->') ?? false,
        });
        index = end;
      } else {
        this.readLine(lines[index] ?? '', index + 1);
      }
    }
  }

  private readLine(text: string, line: number): void {
    const [, heading] = /^#{1,6} (.+)$/.exec(text) ?? [];
    if (heading) this.anchors.add(this.unusedAnchor(anchorOf(heading)));
    const prose = text.replaceAll(/`[^`]*`/g, 'code');
    for (const [, target = ''] of prose.matchAll(/\]\(([^()\s]+)\)/g)) this.links.push({ target, line });
  }

  private unusedAnchor(anchor: string): string {
    let unused = anchor;
    for (let count = 1; this.anchors.has(unused); count += 1) unused = `${anchor}-${count}`;
    return unused;
  }
}

/** As GitHub makes it of a heading. */
function anchorOf(heading: string): string {
  return heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(/\s/g, '-');
}
