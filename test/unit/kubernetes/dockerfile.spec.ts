import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { type Copy, DockerfileParser, type Instruction } from 'dockerfile-ast';
import ts from 'typescript';
import { manifestOf } from '../../support/manifests.js';

const SAMPLE = new URL('../../../sample/10-kubernetes/', import.meta.url);
const ROOT = new URL('../../', SAMPLE);
const CONFIG = 'tsconfig.build.json';
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

describe('what the image runs', () => {
  const folder = fileURLToPath(SAMPLE);
  const config = ts.getParsedCommandLineOfConfigFile(
    join(folder, CONFIG),
    // As in this project: the package by its sources, which are no part of the image.
    { customConditions: ['nestjs-async-calls-source'], noEmit: true },
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: ({ messageText }) => expect(messageText).toBe('') },
  )!;
  const manifest = packageOfReadme();

  it('is what its build makes of main.ts', () => {
    const outputs = ts.getOutputFileNames(config, join(folder, 'src/main.ts'), false);
    const [, program] = JSON.parse(textOf(final('CMD')[0])) as [string, string];
    expect(outputs).toEqual([join(folder, program)]);
    expect(manifest.scripts).toEqual({ build: `tsc -p ${CONFIG}` });
    const [, build] = instructions.filter((each) => each.getKeyword() === 'RUN').map(textOf);
    expect(build).toMatch(/^npm run build && /);
  });

  it('compiles', () => {
    expect(config.errors).toEqual([]);
    // The sources of the package lie beside the sample's.
    const program = ts.createProgram(config.fileNames, { ...config.options, rootDir: fileURLToPath(ROOT) });
    const diagnostics = config.fileNames.flatMap((name) =>
      ts.getPreEmitDiagnostics(program, program.getSourceFile(name)),
    );
    expect(diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual(
      [],
    );
  });

  it('has the versions that it was tested with', () => {
    const root = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as Package;
    const { 'nestjs-async-calls': own, ...dependencies } = manifest.dependencies;
    expect(own).toBe(`^${root.version}`);
    expect(root.devDependencies).toMatchObject({
      ...dependencies,
      typescript: manifest.devDependencies['typescript'],
    });
  });
});

interface Package {
  readonly version?: string;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

function packageOfReadme(): Package {
  const [, json = ''] =
    /^```json\n(.*?)^```$/ms.exec(readFileSync(new URL('README.md', SAMPLE), 'utf8')) ?? [];
  return JSON.parse(json) as Package;
}
