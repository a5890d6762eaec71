import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { type Copy, DockerfileParser, type Instruction } from 'dockerfile-ast';
import { manifestOf } from '../../support/manifests.js';

const SAMPLE = new URL('../../../sample/10-kubernetes/', import.meta.url);
const KNOWN = ['FROM', 'ENV', 'WORKDIR', 'COPY', 'RUN', 'USER', 'EXPOSE', 'CMD'];

const dockerfile = DockerfileParser.parse(readFileSync(new URL('Dockerfile', SAMPLE), 'utf8'));
const instructions = dockerfile.getInstructions();
const from = dockerfile.getFROMs();
const stageOf = (instruction: Instruction) =>
  from.findLastIndex((each) => each.getRange().start.line <= instruction.getRange().start.line);
const final = (keyword: string) =>
  instructions.filter((each) => each.getKeyword() === keyword && stageOf(each) === from.length - 1);
const textOf = (instruction: Instruction | undefined) => instruction?.getArgumentsContent() ?? '';

describe('the Dockerfile', () => {
  it('has instructions that there are, and two stages with an image of a fixed Node.js', () => {
    expect(instructions.map((each) => each.getKeyword()).filter((each) => !KNOWN.includes(each))).toEqual([]);
    expect(from.map((each) => each.getBuildStage())).toEqual(['build', null]);
    const images = new Set(from.map((each) => each.getImage()));
    expect(images).toEqual(new Set([expect.stringMatching(/^node:\d+-\w+-slim$/)]));
  });

  it('installs what the lock file says, and takes nothing along that is for development only', () => {
    const runs = instructions.filter((each) => each.getKeyword() === 'RUN').map(textOf);
    expect(runs[0]).toBe('npm ci');
    expect(runs.at(-1)).toMatch(/npm prune --omit=dev$/);
    expect(final('RUN')).toEqual([]);
    for (const copy of final('COPY')) expect((copy as Copy).getFromFlag()?.getValue()).toBe('build');
  });

  it('runs Node.js as PID 1', () => {
    expect(final('CMD').map(textOf)).toEqual(['["node", "dist/main.js"]']);
    expect(final('ENTRYPOINT')).toEqual([]);
  });

  it('runs as the user of the Deployment, who is not root', () => {
    const { runAsUser, runAsGroup } = manifestOf('Deployment').spec.template.spec.securityContext;
    expect(final('USER').map(textOf)).toEqual([`${runAsUser}:${runAsGroup}`]);
    expect(runAsUser).toBeGreaterThan(0);
  });

  it('gets what it copies from its folder, and nothing else', () => {
    const ignored = readFileSync(new URL('.dockerignore', SAMPLE), 'utf8').trim().split('\n');
    const copied = instructions
      .filter((each) => each.getKeyword() === 'COPY' && stageOf(each) === 0)
      .flatMap((each) => each.getArguments().slice(0, -1).map(String));
    expect(ignored.sort()).toEqual(['*', ...copied.map((name) => `!${name}`)].sort());
  });
});
