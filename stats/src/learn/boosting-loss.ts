import type { BoostingObjective } from './tree-ensemble.ts';

/** The rows a loss is taken over: labels, weights (`null` = all 1) and their sum. */
export interface LossRows {
  readonly labels: Float64Array;
  readonly weights: Float64Array | null;
  readonly totalWeight: number;
}

/**
 * A loss to be boosted. Scores are kept output after output, one entry per row each. `gradients` fills the
 * derivatives of one output, gradient and hessian of each row in turn, and returns the mean loss of the current scores
 * (asked for output 0 first, it may prepare the others).
 */
export interface BoostingLoss {
  readonly outputs: number;
  startScores(rows: LossRows): number[];
  gradients(rows: LossRows, scores: Float64Array, output: number, derivatives: Float64Array): number;
  meanLoss(rows: LossRows, scores: Float64Array): number;
  /** Where the hessian says nothing about the best leaf value: the value itself, from the residual scores. */
  leafValue?(rows: LossRows, scores: Float64Array, leaf: Uint32Array): number;
}

/** The loss of an objective. `classes` counts for `multiclass`, `quantile` for the objective of that name. */
export function boostingLoss(objective: BoostingObjective, classes: number, quantile: number): BoostingLoss {
  switch (objective) {
    case 'binary':
      return binaryLoss;
    case 'multiclass':
      return multiclassLoss(classes);
    case 'squared_error':
      return squaredLoss;
    case 'poisson':
      return poissonLoss;
    case 'absolute_error':
      return quantileLoss(0.5, 2);
    case 'quantile':
      return quantileLoss(quantile, 1);
  }
}

function weightedMean({ labels, weights, totalWeight }: LossRows): number {
  let sum = 0;
  for (let i = 0; i < labels.length; i++) sum += labels[i]! * (weights === null ? 1 : weights[i]!);
  return sum / totalWeight;
}

function applyWeights(weights: Float64Array, derivatives: Float64Array): void {
  for (let i = 0; i < weights.length; i++) {
    derivatives[2 * i]! *= weights[i]!;
    derivatives[2 * i + 1]! *= weights[i]!;
  }
}

const smallestShare = 1e-6;

const binaryLoss: BoostingLoss = {
  outputs: 1,
  startScores(rows) {
    const share = Math.min(Math.max(weightedMean(rows), smallestShare), 1 - smallestShare);
    return [Math.log(share / (1 - share))];
  },
  gradients(rows, scores, _output, derivatives) {
    const loss = logisticGradients(rows.labels, scores, derivatives);
    if (rows.weights === null) return loss / rows.totalWeight;
    applyWeights(rows.weights, derivatives);
    return this.meanLoss(rows, scores);
  },
  meanLoss({ labels, weights, totalWeight }, scores) {
    let loss = 0;
    for (let i = 0; i < labels.length; i++) {
      const score = scores[i]!;
      const rowLoss = Math.log(1 + Math.exp(-Math.abs(score))) + Math.max(score, 0) - score * labels[i]!;
      loss += weights === null ? rowLoss : weights[i]! * rowLoss;
    }
    return loss / totalWeight;
  },
};

/** Fills the derivatives of the logistic loss and returns its sum over the rows. */
function logisticGradients(labels: Float64Array, scores: Float64Array, derivatives: Float64Array): number {
  let loss = 0;
  let product = 1;
  for (let i = 0; i < labels.length; i++) {
    const score = scores[i]!;
    const label = labels[i]!;
    const small = Math.exp(-Math.abs(score));
    const sure = 1 / (1 + small);
    derivatives[2 * i] = (score >= 0 ? sure : small * sure) - label;
    derivatives[2 * i + 1] = small * sure * sure;
    loss += Math.max(score, 0) - score * label;
    // Factors are at most 2: one logarithm serves 512 rows without overflow.
    product *= 1 + small;
    if ((i & 511) === 511) {
      loss += Math.log(product);
      product = 1;
    }
  }
  return loss + Math.log(product);
}

const squaredLoss: BoostingLoss = {
  outputs: 1,
  startScores: (rows) => [weightedMean(rows)],
  gradients(rows, scores, _output, derivatives) {
    for (let i = 0; i < scores.length; i++) {
      derivatives[2 * i] = scores[i]! - rows.labels[i]!;
      derivatives[2 * i + 1] = 1;
    }
    if (rows.weights !== null) applyWeights(rows.weights, derivatives);
    return this.meanLoss(rows, scores);
  },
  meanLoss({ labels, weights, totalWeight }, scores) {
    let loss = 0;
    for (let i = 0; i < labels.length; i++) {
      const error = scores[i]! - labels[i]!;
      loss += error * error * (weights === null ? 1 : weights[i]!);
    }
    return loss / totalWeight;
  },
};

const poissonLoss: BoostingLoss = {
  outputs: 1,
  startScores: (rows) => [Math.log(Math.max(weightedMean(rows), smallestShare))],
  gradients(rows, scores, _output, derivatives) {
    for (let i = 0; i < scores.length; i++) {
      const mean = Math.exp(scores[i]!);
      derivatives[2 * i] = mean - rows.labels[i]!;
      derivatives[2 * i + 1] = mean;
    }
    if (rows.weights !== null) applyWeights(rows.weights, derivatives);
    return this.meanLoss(rows, scores);
  },
  meanLoss({ labels, weights, totalWeight }, scores) {
    let loss = 0;
    for (let i = 0; i < labels.length; i++) {
      loss += (Math.exp(scores[i]!) - scores[i]! * labels[i]!) * (weights === null ? 1 : weights[i]!);
    }
    return loss / totalWeight;
  },
};

/** Softmax over one score per class; the log of the sum of exponentials is shared by the classes of a round. */
function multiclassLoss(classes: number): BoostingLoss {
  let logSums = new Float64Array(0);
  const prepare = ({ labels, weights, totalWeight }: LossRows, scores: Float64Array): number => {
    const n = labels.length;
    if (logSums.length !== n) logSums = new Float64Array(n);
    let loss = 0;
    for (let i = 0; i < n; i++) {
      let most = Number.NEGATIVE_INFINITY;
      for (let k = 0; k < classes; k++) most = Math.max(most, scores[k * n + i]!);
      let sum = 0;
      for (let k = 0; k < classes; k++) sum += Math.exp(scores[k * n + i]! - most);
      const logSum = most + Math.log(sum);
      logSums[i] = logSum;
      loss += (logSum - scores[labels[i]! * n + i]!) * (weights === null ? 1 : weights[i]!);
    }
    return loss / totalWeight;
  };
  return {
    outputs: classes,
    startScores({ labels, weights, totalWeight }) {
      const shares = new Array<number>(classes).fill(0);
      for (let i = 0; i < labels.length; i++) shares[labels[i]!]! += weights === null ? 1 : weights[i]!;
      return shares.map((share) => Math.log(Math.max(share / totalWeight, smallestShare)));
    },
    gradients(rows, scores, output, derivatives) {
      const n = rows.labels.length;
      const loss = output === 0 ? prepare(rows, scores) : Number.NaN;
      for (let i = 0; i < n; i++) {
        const probability = Math.exp(scores[output * n + i]! - logSums[i]!);
        derivatives[2 * i] = probability - (rows.labels[i] === output ? 1 : 0);
        derivatives[2 * i + 1] = probability * (1 - probability);
      }
      if (rows.weights !== null) applyWeights(rows.weights, derivatives);
      return loss;
    },
    meanLoss: prepare,
  };
}

/** Pinball loss, times `scale`; leaves are re-fitted to the weighted quantile of the residuals (Friedman 2001). */
function quantileLoss(quantile: number, scale: number): BoostingLoss {
  return {
    outputs: 1,
    startScores: ({ labels, weights }) => {
      const rows = Uint32Array.from(labels, (_, i) => i);
      return [weightedQuantile(labels, weights, rows, quantile)];
    },
    gradients(rows, scores, _output, derivatives) {
      for (let i = 0; i < scores.length; i++) {
        derivatives[2 * i] = scores[i]! > rows.labels[i]! ? 1 - quantile : -quantile;
        derivatives[2 * i + 1] = 1;
      }
      if (rows.weights !== null) applyWeights(rows.weights, derivatives);
      return this.meanLoss(rows, scores);
    },
    meanLoss({ labels, weights, totalWeight }, scores) {
      let loss = 0;
      for (let i = 0; i < labels.length; i++) {
        const error = labels[i]! - scores[i]!;
        const rowLoss = error >= 0 ? quantile * error : (quantile - 1) * error;
        loss += rowLoss * scale * (weights === null ? 1 : weights[i]!);
      }
      return loss / totalWeight;
    },
    leafValue({ labels, weights }, scores, leaf) {
      const residuals = new Float64Array(leaf.length);
      const own = weights === null ? null : new Float64Array(leaf.length);
      for (let i = 0; i < leaf.length; i++) {
        residuals[i] = labels[leaf[i]!]! - scores[leaf[i]!]!;
        if (own !== null && weights !== null) own[i] = weights[leaf[i]!]!;
      }
      return weightedQuantile(
        residuals,
        own,
        Uint32Array.from(leaf, (_, i) => i),
        quantile,
      );
    },
  };
}

/** The smallest value whose share of the weight reaches the quantile. */
function weightedQuantile(
  values: Float64Array,
  weights: Float64Array | null,
  order: Uint32Array,
  quantile: number,
): number {
  if (values.length === 0) return 0;
  if (weights === null) {
    const sorted = values.slice().sort();
    return sorted[Math.max(0, Math.ceil(quantile * sorted.length) - 1)]!;
  }
  order.sort((a, b) => values[a]! - values[b]!);
  let total = 0;
  for (const weight of weights) total += weight;
  let sum = 0;
  for (const i of order) {
    sum += weights[i]!;
    if (sum >= quantile * total) return values[i]!;
  }
  return values[order[order.length - 1]!]!;
}
