import { type ModelInput, PlatformError } from '@flyball/api';
import type { ServingParts } from './parts.ts';

export interface VersionFile {
  /** A read-only local path. */
  readonly path: string;
  readonly inputs: readonly ModelInput[];
}

/** The file of a version that can be served here. One that the scan calls malicious or invalid is refused. */
export async function openVersion(
  { registry }: ServingParts,
  project: string,
  model: string,
  number: number,
): Promise<VersionFile> {
  const version = await registry.getVersion(project, model, number);
  const name = `${model}@${number}`;
  const { verdict } = version.scan;
  if (verdict === 'malicious' || verdict === 'invalid') {
    throw new PlatformError('not_allowed', `The scan calls ${name} ${verdict}`);
  }
  const file = version.files.find(({ path }) => path.endsWith('.onnx'));
  if (file === undefined) {
    throw new PlatformError('not_implemented', `${name} has no ONNX file, and nothing else can be served here yet`);
  }
  return { path: await registry.filePath(project, version, file.path), inputs: version.inputs };
}
