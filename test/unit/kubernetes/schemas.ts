import { fileURLToPath } from 'node:url';
import type { Manifest } from '../../support/manifests.js';
import { faultsOf } from '../docs/snippets.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

interface Model {
  new (manifest: Manifest): { validate(): void };
}

interface SchemaError {
  readonly instancePath: string;
  readonly message: string;
}

/** What the JSON schema of its kind says against a manifest. It does not mind fields that there are not. */
export async function schemaFaults(manifest: Manifest): Promise<string[]> {
  const { [manifest.kind]: model } = (await import(moduleOf(manifest))) as Record<string, Model>;
  try {
    new model(manifest).validate();
    return [];
  } catch (error) {
    const { errors = [] } = error as { readonly errors?: readonly SchemaError[] };
    if (errors.length === 0) throw error;
    return errors.map(({ instancePath, message }) => `${instancePath}: ${message}`);
  }
}

/** What the types of their kinds say against manifests, by the names that they are given: also fields that there are not. */
export function typeFaults(manifests: ReadonlyMap<string, Manifest>): string[] {
  const snippets = [...manifests].map(([document, manifest]) => ({
    document,
    line: 1,
    info: 'ts',
    isExplained: false,
    code:
      `import type { I${manifest.kind} } from '${moduleOf(manifest)}';\n` +
      `export const manifest: I${manifest.kind} = ${JSON.stringify(manifest)};`,
  }));
  return faultsOf(ROOT, snippets);
}

/** Where the model of a kind is: in the API of Kubernetes, or in that of KEDA. */
function moduleOf({ apiVersion, kind }: Manifest): string {
  const api = apiVersion.startsWith('keda.sh/') ? '@kubernetes-models/keda' : 'kubernetes-models';
  return `${api}/${apiVersion}/${kind}`;
}
