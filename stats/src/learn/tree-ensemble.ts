/** What a boosted ensemble was trained to predict, and so how its raw score becomes a prediction. */
export type BoostingObjective = 'binary' | 'multiclass' | 'squared_error' | 'poisson' | 'absolute_error' | 'quantile';

/**
 * One regression tree as parallel arrays, node 0 being the root. A row goes left when `x <= threshold`, compared in
 * float32; a missing value (NaN) goes left when `missingLeft` is 1. The two children of a node are neighbours.
 */
export interface Tree {
  /** Column of the split; -1 marks a leaf. */
  readonly featureIndex: Int32Array;
  readonly threshold: Float32Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly missingLeft: Uint8Array;
  /** What a leaf adds to the score, learning rate included; 0 elsewhere. */
  readonly value: Float32Array;
  /** Sum of the weights of the training rows that reached the node: path-dependent TreeSHAP needs it. */
  readonly cover: Float64Array;
  /** Loss reduction of the split; 0 for leaves. */
  readonly gain: Float32Array;
}

/** A boosted ensemble: plain data that structured clone, `encodeEnsemble` and `encodeOnnx` accept. */
export interface TreeEnsemble {
  readonly version: 1;
  readonly objective: BoostingObjective;
  readonly features: readonly string[];
  /** Names of the classes in the order of the labels 0, 1, …; empty for regression. */
  readonly classes: readonly string[];
  /** Start value of each output: one, or one per class for `multiclass`. */
  readonly baseScore: readonly number[];
  /** Tree `t` adds to output `t mod baseScore.length`. */
  readonly trees: readonly Tree[];
}
