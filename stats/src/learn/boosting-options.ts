import type { BoostingObjective } from './tree-ensemble.ts';

/** What a progress callback is told after each round. */
export interface BoostingProgress {
  /** Rounds done, from 1. */
  readonly round: number;
  readonly rounds: number;
  readonly trainLoss: number;
  readonly validationLoss: number | null;
}

/** How to boost. Only the objective has no default. */
export interface BoostingOptions {
  readonly objective: BoostingObjective;
  /** Rounds; `multiclass` grows one tree per class in each. Default 100. */
  readonly trees?: number;
  /** Default 6. */
  readonly maxDepth?: number;
  /** Default 0.1. */
  readonly learningRate?: number;
  /** L2 penalty on leaf values. Default 1. */
  readonly lambda?: number;
  /** Default 20. */
  readonly minRowsPerLeaf?: number;
  /** Least sum of second derivatives in a leaf. Default 0.001. */
  readonly minHessian?: number;
  /** A split must gain more than this. Default 0.000001. */
  readonly minGain?: number;
  /** Bins per column without the one for missing values, 2 to 255. Default 255. */
  readonly maxBins?: number;
  /** Share of the rows each tree sees. Default 1. */
  readonly rowSubsample?: number;
  /** Share of the columns each tree may split on. Default 1. */
  readonly columnSubsample?: number;
  /** Default 1. */
  readonly seed?: number;
  /** Stop when the validation loss has not improved for this many rounds; 0 = never. Default 0. */
  readonly earlyStoppingRounds?: number;
  /** For the objective `quantile`. Default 0.5. */
  readonly quantile?: number;
  readonly onProgress?: (progress: BoostingProgress) => void;
  /** Asked before each round; answering true ends the training with the rounds done so far. */
  readonly shouldStop?: () => boolean;
}

/** The options with every default filled in. */
export type BoostingSettings = Required<Omit<BoostingOptions, 'onProgress' | 'shouldStop'>>;

const defaults = {
  trees: 100,
  maxDepth: 6,
  learningRate: 0.1,
  lambda: 1,
  minRowsPerLeaf: 20,
  minHessian: 1e-3,
  minGain: 1e-6,
  maxBins: 255,
  rowSubsample: 1,
  columnSubsample: 1,
  seed: 1,
  earlyStoppingRounds: 0,
  quantile: 0.5,
};

const ranges: Readonly<Record<keyof typeof defaults, readonly [least: number, most: number, whole: boolean]>> = {
  trees: [1, 100_000, true],
  maxDepth: [0, 24, true],
  learningRate: [1e-6, 1, false],
  lambda: [0, 1e12, false],
  minRowsPerLeaf: [1, 2 ** 31, true],
  minHessian: [0, 1e12, false],
  minGain: [0, 1e300, false],
  maxBins: [2, 255, true],
  rowSubsample: [1e-6, 1, false],
  columnSubsample: [1e-6, 1, false],
  seed: [0, Number.MAX_SAFE_INTEGER, true],
  earlyStoppingRounds: [0, 100_000, true],
  quantile: [1e-6, 1 - 1e-6, false],
};

/** Fills in the defaults; the second result lists every option that is out of range. */
export function boostingSettings(options: BoostingOptions): [BoostingSettings, string[]] {
  const settings = { ...defaults, objective: options.objective };
  const wrong: string[] = [];
  for (const key of Object.keys(defaults) as (keyof typeof defaults)[]) {
    const given = options[key];
    if (given === undefined) continue;
    settings[key] = given;
    const [least, most, whole] = ranges[key];
    if (given >= least && given <= most && (!whole || Number.isInteger(given))) continue;
    wrong.push(`${key}: expected ${whole ? 'a whole number' : 'a number'} from ${least} to ${most}, got ${given}`);
  }
  return [settings, wrong];
}
