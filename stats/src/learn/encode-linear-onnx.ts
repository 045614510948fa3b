import { type OnnxExportOptions, onnxEntry, onnxExit, onnxMetadata } from './encode-onnx.ts';
import type { LinearModel } from './linear-model.ts';
import { type OnnxNode, writeOnnxModel } from './onnx-graph.ts';

/** Writes a linear model as an ONNX file with the inputs, outputs and properties of `encodeOnnx`. */
export function encodeLinearOnnx(model: LinearModel, options: OnnxExportOptions = {}): Uint8Array<ArrayBuffer> {
  const entry = onnxEntry(model.features, options);
  const exit = onnxExit(model.objective, 'flyball_sum', 1);
  const width = model.features.length;
  const node = (operator: string, inputs: string[], output: string): OnnxNode => ({
    operator,
    inputs,
    outputs: [output],
  });
  // Centred before scaling: float32 would lose a small spread around a large mean.
  const nodes = [
    node('Sub', [entry.matrix, 'flyball_mean'], 'flyball_centred'),
    node('Mul', ['flyball_centred', 'flyball_inverse_scale'], 'flyball_scaled'),
    node('IsNaN', ['flyball_scaled'], 'flyball_missing'),
    node('Where', ['flyball_missing', 'flyball_zero', 'flyball_scaled'], 'flyball_standard'),
    node('Gemm', ['flyball_standard', 'flyball_coefficients', 'flyball_intercept'], 'flyball_sum'),
  ];
  const vector = (name: string, data: ArrayLike<number>, shape: number[]) => ({
    name,
    shape,
    data: Float32Array.from(data),
  });
  return writeOnnxModel({
    name: 'linear_model',
    nodes: [...entry.nodes, ...nodes, ...exit.nodes],
    inputs: entry.inputs,
    outputs: exit.outputs,
    constants: [
      ...entry.constants,
      vector('flyball_mean', model.mean, [width]),
      vector(
        'flyball_inverse_scale',
        model.scale.map((scale) => 1 / scale),
        [width],
      ),
      vector('flyball_zero', [0], [1]),
      vector('flyball_coefficients', model.coefficients, [width, 1]),
      vector('flyball_intercept', [model.intercept], [1]),
    ],
    metadata: { ...onnxMetadata(model), ...options.metadata },
  });
}
