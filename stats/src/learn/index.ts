/**
 * Learning from tables: gradient boosted trees, baselines, explanations of their predictions, and their export to ONNX.
 */
export type { BoostingData, LabelledColumns } from './boosting-data.ts';
export type { BoostingOptions, BoostingProgress } from './boosting-options.ts';
export { decodeEnsemble, encodeEnsemble } from './encode-ensemble.ts';
export { encodeOnnx, type OnnxExportOptions } from './encode-onnx.ts';
export { predictEnsemble, predictScores } from './predict-ensemble.ts';
export { type OnnxMetadata, type OnnxTensorInfo, readOnnxMetadata } from './read-onnx-metadata.ts';
export { type BoostingResult, trainBoosting } from './train-boosting.ts';
export type { BoostingObjective, Tree, TreeEnsemble } from './tree-ensemble.ts';
