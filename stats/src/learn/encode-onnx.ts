import type { OnnxAttribute, OnnxConstant, OnnxGraph, OnnxNode, OnnxValue } from './onnx-graph.ts';
import { writeOnnxModel } from './onnx-graph.ts';
import type { BoostingObjective, TreeEnsemble } from './tree-ensemble.ts';

/** Where the features enter an exported model. */
export interface OnnxExportOptions {
  /**
   * `matrix` (default): one input `[N, features]`. `columns`: one input per feature, named like it, `[N, 1]` each, as
   * clients send that keep a tensor per column.
   */
  readonly inputs?: 'matrix' | 'columns';
  /** Name of the matrix input. Default `input`. */
  readonly inputName?: string;
  /** With `columns`: the rank of each input, `[N, 1]` (2, default) or `[N]` (1). */
  readonly columnRank?: 1 | 2;
  /** More metadata properties for the file. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Writes an ensemble as an ONNX file that any ONNX Runtime loads: TreeEnsembleRegressor (ai.onnx.ml 3) on float32.
 *
 * Outputs: `probability` ([N, 1], the second class; [N, K] for `multiclass`) and `score` for classes, `prediction` for
 * regression (`poisson` has `score` too). Feature names, classes and objective are metadata properties
 * `flyball.features`, `flyball.classes` (JSON lists) and `flyball.objective`.
 */
export function encodeOnnx(model: TreeEnsemble, options: OnnxExportOptions = {}): Uint8Array<ArrayBuffer> {
  const entry = onnxEntry(model.features, options);
  const trees: OnnxNode = {
    operator: 'TreeEnsembleRegressor',
    domain: 'ai.onnx.ml',
    inputs: [entry.matrix],
    outputs: ['tree_sum'],
    attributes: treeAttributes(model),
  };
  const exit = onnxExit(model.objective, 'tree_sum', model.baseScore.length);
  return writeOnnxModel({
    name: 'tree_ensemble',
    nodes: [...entry.nodes, trees, ...exit.nodes],
    inputs: entry.inputs,
    outputs: exit.outputs,
    constants: entry.constants,
    metadata: { ...onnxMetadata(model), ...options.metadata },
  });
}

/** Metadata properties that name the columns and classes of an exported model. */
export function onnxMetadata(model: Pick<TreeEnsemble, 'objective' | 'features' | 'classes'>): Record<string, string> {
  return {
    'flyball.features': JSON.stringify(model.features),
    'flyball.classes': JSON.stringify(model.classes),
    'flyball.objective': model.objective,
  };
}

/** The inputs of a graph, and the nodes that make one float32 matrix [N, features] of them. */
export function onnxEntry(
  features: readonly string[],
  options: OnnxExportOptions,
): Pick<OnnxGraph, 'nodes' | 'inputs'> & { matrix: string; constants: OnnxConstant[] } {
  if (options.inputs !== 'columns') {
    const matrix = options.inputName ?? 'input';
    return { matrix, nodes: [], constants: [], inputs: [{ name: matrix, shape: ['N', features.length] }] };
  }
  const flat = options.columnRank === 1;
  const inputs: OnnxValue[] = features.map((name) => ({ name, shape: flat ? ['N'] : ['N', 1] }));
  const matrix = unused('flyball_matrix', features);
  const axis = unused('flyball_axis', features);
  const lifted = features.map((name, i) => (flat ? unused(`flyball_column_${i}`, features) : name));
  const nodes: OnnxNode[] = flat
    ? features.map((name, i) => ({ operator: 'Unsqueeze', inputs: [name, axis], outputs: [lifted[i]!] }))
    : [];
  nodes.push({
    operator: 'Concat',
    inputs: lifted,
    outputs: [matrix],
    attributes: { axis: { kind: 'int', value: 1 } },
  });
  const constants = flat ? [{ name: axis, shape: [1], data: BigInt64Array.of(1n) }] : [];
  return { matrix, inputs, nodes, constants };
}

/** The nodes that turn a raw sum into the outputs of a model. */
export function onnxExit(
  objective: BoostingObjective,
  sum: string,
  outputs: number,
): Pick<OnnxGraph, 'nodes' | 'outputs'> {
  const shape = ['N', outputs];
  const node = (operator: string, output: string, attributes: Record<string, OnnxAttribute> = {}): OnnxNode => ({
    operator,
    inputs: [sum],
    outputs: [output],
    attributes,
  });
  const score = node('Identity', 'score');
  const scoreValue = { name: 'score', shape };
  switch (objective) {
    case 'binary':
      return { nodes: [node('Sigmoid', 'probability'), score], outputs: [{ name: 'probability', shape }, scoreValue] };
    case 'multiclass': {
      const softmax = node('Softmax', 'probability', { axis: { kind: 'int', value: 1 } });
      return { nodes: [softmax, score], outputs: [{ name: 'probability', shape }, scoreValue] };
    }
    case 'poisson':
      return { nodes: [node('Exp', 'prediction'), score], outputs: [{ name: 'prediction', shape }, scoreValue] };
    default:
      return { nodes: [node('Identity', 'prediction')], outputs: [{ name: 'prediction', shape }] };
  }
}

/** A name that no feature has, made from the wanted one. */
function unused(wanted: string, taken: readonly string[]): string {
  return taken.includes(wanted) ? unused(`${wanted}_`, taken) : wanted;
}

function treeAttributes(model: TreeEnsemble): Record<string, OnnxAttribute> {
  const nodes = model.trees.reduce((sum, tree) => sum + tree.left.length, 0);
  const ints = () => new Int32Array(nodes);
  const [treeIds, nodeIds, featureIds, trueIds, falseIds, missingTrue] = [
    ints(),
    ints(),
    ints(),
    ints(),
    ints(),
    ints(),
  ];
  const values = new Float32Array(nodes);
  const modes: string[] = [];
  const target: { trees: number[]; nodes: number[]; ids: number[]; weights: number[] } = {
    trees: [],
    nodes: [],
    ids: [],
    weights: [],
  };
  let at = 0;
  for (const [t, tree] of model.trees.entries()) {
    for (let node = 0; node < tree.left.length; node++, at++) {
      const isLeaf = tree.featureIndex[node]! < 0;
      treeIds[at] = t;
      nodeIds[at] = node;
      modes.push(isLeaf ? 'LEAF' : 'BRANCH_LEQ');
      if (isLeaf) {
        target.trees.push(t);
        target.nodes.push(node);
        target.ids.push(t % model.baseScore.length);
        target.weights.push(tree.value[node]!);
        continue;
      }
      featureIds[at] = tree.featureIndex[node]!;
      values[at] = tree.threshold[node]!;
      trueIds[at] = tree.left[node]!;
      falseIds[at] = tree.right[node]!;
      missingTrue[at] = tree.missingLeft[node]!;
    }
  }
  return {
    nodes_treeids: { kind: 'ints', value: treeIds },
    nodes_nodeids: { kind: 'ints', value: nodeIds },
    nodes_featureids: { kind: 'ints', value: featureIds },
    nodes_values: { kind: 'floats', value: values },
    nodes_modes: { kind: 'strings', value: modes },
    nodes_truenodeids: { kind: 'ints', value: trueIds },
    nodes_falsenodeids: { kind: 'ints', value: falseIds },
    nodes_missing_value_tracks_true: { kind: 'ints', value: missingTrue },
    target_treeids: { kind: 'ints', value: target.trees },
    target_nodeids: { kind: 'ints', value: target.nodes },
    target_ids: { kind: 'ints', value: target.ids },
    target_weights: { kind: 'floats', value: target.weights },
    n_targets: { kind: 'int', value: model.baseScore.length },
    base_values: { kind: 'floats', value: model.baseScore },
    aggregate_function: { kind: 'string', value: 'SUM' },
    post_transform: { kind: 'string', value: 'NONE' },
  };
}
