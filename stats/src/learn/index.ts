/**
 * Learning from tables: gradient boosted trees, baselines, explanations of their predictions, and their export to ONNX.
 */
export type { BoostingData, LabelledColumns } from './boosting-data.ts';
export type { BoostingOptions, BoostingProgress } from './boosting-options.ts';
export { decodeEnsemble, encodeEnsemble } from './encode-ensemble.ts';
export { encodeLinearOnnx } from './encode-linear-onnx.ts';
export { encodeOnnx, type OnnxExportOptions } from './encode-onnx.ts';
export {
  gainImportance,
  type PermutationImportance,
  type PermutationOptions,
  permutationImportance,
} from './feature-importance.ts';
export { type LinearModel, linearScores, predictLinear } from './linear-model.ts';
export { predictEnsemble, predictScores } from './predict-ensemble.ts';
export { type OnnxMetadata, type OnnxTensorInfo, readOnnxMetadata } from './read-onnx-metadata.ts';
export { type BoostingResult, trainBoosting } from './train-boosting.ts';
export { trainConstant } from './train-constant.ts';
export { type LinearOptions, trainLinear } from './train-linear.ts';
export type { BoostingObjective, Tree, TreeEnsemble } from './tree-ensemble.ts';
export {
  createTreeExplainer,
  type ShapValues,
  type TreeExplainer,
  type TreeExplainerOptions,
  type TreeShapOptions,
  treeShap,
} from './tree-shap.ts';
