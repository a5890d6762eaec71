import { dirname, join } from 'node:path';
import ts from 'typescript';
import type { CodeBlock } from './markdown.js';

/** A TypeScript block and the document it stands in, by its path in the project. */
export interface Snippet extends CodeBlock {
  readonly document: string;
}

/**
 * Type-checks snippets as modules of the project: they import the package by its name. A snippet that begins with a
 * comment such as `// app.module.ts` can be imported by the others of its document as `./app.module.js`.
 * Returns what is wrong, each with its document and line.
 */
export function faultsOf(root: string, snippets: readonly Snippet[]): string[] {
  const files = filesOf(root, snippets);
  const options: ts.CompilerOptions = {
    ...optionsOf(root),
    moduleDetection: ts.ModuleDetectionKind.Force,
    // Names of a snippet are for its reader.
    noUnusedLocals: false,
    incremental: false,
    noEmit: true,
  };
  const program = ts.createProgram([...files.keys()], options, hostOf(files, options));
  const diagnostics = [...files.keys()].flatMap((name) => {
    const file = program.getSourceFile(name);
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
  });
  return [...program.getOptionsDiagnostics(), ...diagnostics].map((diagnostic) =>
    describe(diagnostic, files),
  );
}

/** Each document's snippets get a folder that does not exist, inside the project: the package can be imported there. */
function filesOf(root: string, snippets: readonly Snippet[]): Map<string, Snippet> {
  const files = new Map<string, Snippet>();
  for (const snippet of snippets) {
    const folder = join(root, `snippets of ${snippet.document.replaceAll('/', ' ')}`);
    const [, name = 'snippet.ts'] = /^\/\/ ([\w.-]+\.ts)\n/.exec(snippet.code) ?? [];
    const unused = (count: number): string => {
      const path = join(folder, count === 0 ? name : `${count}.${name}`);
      return files.has(path) ? unused(count + 1) : path;
    };
    files.set(unused(0), snippet);
  }
  return files;
}

function optionsOf(root: string): ts.CompilerOptions {
  const { config, error } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path));
  if (error) throw new Error(ts.flattenDiagnosticMessageText(error.messageText, '\n'));
  const { compilerOptions } = config as { compilerOptions: object };
  return ts.convertCompilerOptionsFromJson(compilerOptions, root).options;
}

function hostOf(files: ReadonlyMap<string, Snippet>, options: ts.CompilerOptions): ts.CompilerHost {
  const host = ts.createCompilerHost(options);
  const folders = new Set([...files.keys()].map(dirname));
  return {
    ...host,
    fileExists: (path) => files.has(path) || host.fileExists(path),
    directoryExists: (path) => folders.has(path) || (host.directoryExists?.(path) ?? true),
    readFile: (path) => files.get(path)?.code ?? host.readFile(path),
    getSourceFile: (path, languageVersionOrOptions, ...rest) => {
      const snippet = files.get(path);
      return snippet
        ? ts.createSourceFile(path, snippet.code, languageVersionOrOptions)
        : host.getSourceFile(path, languageVersionOrOptions, ...rest);
    },
  };
}

function describe(
  { file, start = 0, messageText }: ts.Diagnostic,
  files: ReadonlyMap<string, Snippet>,
): string {
  const message = ts.flattenDiagnosticMessageText(messageText, '\n');
  const snippet = file && files.get(file.fileName);
  if (!snippet) return message;
  return `${snippet.document}:${snippet.line + file.getLineAndCharacterOfPosition(start).line}: ${message}`;
}
