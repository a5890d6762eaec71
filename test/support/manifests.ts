import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';

/** A manifest of Kubernetes, as it stands in a file. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly [field: string]: unknown;
}

/** What YAML holds: tests look into it by its names, and fail where there is nothing. */
// oxlint-disable-next-line typescript/no-explicit-any
type Yaml = any;

const FOLDER = fileURLToPath(new URL('../../sample/10-kubernetes/k8s/', import.meta.url));

/** The manifests of the sample, by their files. */
export function manifestFiles(): ReadonlyMap<string, readonly Manifest[]> {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));
  return new Map(names.map((name) => [name, parse(readFileSync(FOLDER + name, 'utf8'))]));
}

/** The only manifest of a kind. */
export function manifestOf(kind: string): Yaml {
  const [found, ...others] = [...manifestFiles().values()].flat().filter((each) => each.kind === kind);
  if (!found || others.length > 0) throw new Error(`There is not one manifest of the kind ${kind}`);
  return found;
}

/** The container of the Deployment. */
export function container(): Yaml {
  return manifestOf('Deployment').spec.template.spec.containers[0];
}

/** The environment that Kubernetes makes of the Deployment, the ConfigMap and the Secret, for a pod of this name. */
export function environmentOfPod(podName: string): Readonly<Record<string, string>> {
  const { env, envFrom } = container();
  const own = env.map(({ name, value, valueFrom }: Yaml) => [name, value ?? resolve(valueFrom, podName)]);
  const [{ configMapRef }] = envFrom;
  return { ...named('ConfigMap', configMapRef.name).data, ...Object.fromEntries(own) };
}

function resolve({ fieldRef, secretKeyRef }: Yaml, podName: string): string {
  if (fieldRef?.fieldPath === 'metadata.name') return podName;
  const value = named('Secret', secretKeyRef.name).stringData[secretKeyRef.key];
  if (value === undefined) throw new Error(`The Secret has no ${secretKeyRef.key}`);
  return value;
}

function named(kind: string, name: string): Yaml {
  const manifest = manifestOf(kind);
  if (manifest.metadata.name !== name) throw new Error(`There is no ${kind} ${name}`);
  return manifest;
}

function parse(text: string): Manifest[] {
  return parseAllDocuments(text).map((document) => {
    const [error] = document.errors;
    if (error) throw error;
    return document.toJS() as Manifest;
  });
}
