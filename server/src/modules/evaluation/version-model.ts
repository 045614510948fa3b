import { type ModelVersion, PlatformError } from '@flyball/api';
import { loadOnnx } from './load-onnx.ts';
import type { ModelRuntime } from './model-runtime.ts';
import type { EvaluationParts } from './parts.ts';

/** The ONNX file of a version; other flavors are served by other runtimes, which are not built yet. */
function onnxFileOf(version: ModelVersion): string {
  const file = version.files.find(({ path }) => path.endsWith('.onnx'));
  if (file !== undefined) return file.path;
  const name = `${version.model}@${version.version}`;
  throw new PlatformError('not_implemented', `${name} has no ONNX file, and nothing else can be loaded here yet`);
}

/** Loads the model of a version. A version whose files the scan calls malicious or invalid is refused. */
export async function loadVersion(
  { registry }: EvaluationParts,
  project: string,
  version: ModelVersion,
): Promise<ModelRuntime> {
  const { verdict } = version.scan;
  if (verdict === 'malicious' || verdict === 'invalid') {
    throw new PlatformError('not_allowed', `The scan calls ${version.model}@${version.version} ${verdict}`);
  }
  return await loadOnnx(await registry.filePath(project, version, onnxFileOf(version)));
}
