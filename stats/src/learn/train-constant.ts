import { type BoostingData, selectBoostingRows } from './boosting-data.ts';
import { boostingLoss } from './boosting-loss.ts';
import { boostingSettings } from './boosting-options.ts';
import type { BoostingObjective, Tree, TreeEnsemble } from './tree-ensemble.ts';

/**
 * The model that gives every row the same answer, the best one without features: class shares, mean, median or
 * quantile. An ensemble of trees that are one leaf of value 0, so whatever takes an ensemble takes it.
 */
export function trainConstant(data: BoostingData, objective: BoostingObjective, quantile = 0.5): TreeEnsemble {
  const [settings, wrong] = boostingSettings({ objective, quantile });
  const { train, features, classes } = selectBoostingRows(data, settings, wrong);
  const baseScore = boostingLoss(objective, classes.length, quantile).startScores(train).map(Math.fround);
  const leaf: Tree = {
    featureIndex: Int32Array.of(-1),
    threshold: Float32Array.of(0),
    left: Int32Array.of(-1),
    right: Int32Array.of(-1),
    missingLeft: Uint8Array.of(0),
    value: Float32Array.of(0),
    cover: Float64Array.of(train.totalWeight),
    gain: Float32Array.of(0),
  };
  return { version: 1, objective, features, classes, baseScore, trees: baseScore.map(() => leaf) };
}
