import type { ServedEndpoint } from '#serving';

type Target = ServedEndpoint['state']['definition']['target'];

/** The one output of an endpoint: a probability, or the predicted value. */
export const outputOf = ({ kind }: Target): string => (kind === 'binary' ? 'probability' : 'prediction');

export function describeServer(version: string): object {
  return { name: 'flyball', version, extensions: ['binary_tensor_data', 'statistics'] };
}

/** Model metadata; rows may be any number. */
export function describeModel(name: string, served: ServedEndpoint): object {
  const { inputs, target } = served.state.definition;
  return {
    name,
    versions: [...served.versions.keys()].map(String),
    platform: 'onnx_onnxv1',
    inputs: inputs.map((input) => ({ name: input.name, datatype: input.datatype, shape: [-1] })),
    outputs: [{ name: outputOf(target), datatype: 'FP32', shape: [-1] }],
  };
}

/** Whether a version can answer; without a number, the one that answers by default. */
export function isModelReady({ versions, state }: ServedEndpoint, version: number | undefined): boolean {
  const number = version ?? state.champion;
  return number !== null && versions.get(number)?.canServe === true;
}

const nanoseconds = (ms: number): number => Math.round(ms * 1_000_000);

/** The `statistics` extension, as far as it is counted: batches and rows per version, requests per endpoint. */
export function describeStatistics(name: string, { versions, counts }: ServedEndpoint): object[] {
  const requests = { count: counts.requests - counts.failed, ns: nanoseconds(counts.totalMs) };
  return [...versions.values()].flatMap(({ version, batcher }) => {
    if (batcher === undefined) return [];
    const { executions, rows, queueMs, runMs } = batcher.counts;
    return [
      {
        name,
        version: String(version),
        last_inference: counts.lastAt,
        inference_count: rows,
        execution_count: executions,
        inference_stats: {
          success: requests,
          fail: { count: counts.failed, ns: 0 },
          queue: { count: executions, ns: nanoseconds(queueMs) },
          compute_infer: { count: executions, ns: nanoseconds(runMs) },
        },
      },
    ];
  });
}
