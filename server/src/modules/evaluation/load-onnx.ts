import type { ModelRuntime } from './model-runtime.ts';

/** Loads an ONNX file, and the library that runs it when this process has not needed it yet: most never do. */
export async function loadOnnx(path: string): Promise<ModelRuntime> {
  const { openOnnx } = await import('./onnx-runtime.ts');
  return await openOnnx(path);
}
