import { confidenceSequenceHalfWidth, mixtureScale, oneSidedMixtureLogEvidence } from './normal-mixture.ts';
import type { EstimatedDifference } from './stratified-difference.ts';

/** Evidence about a mean difference (candidate − champion, positive = worse) with its always-valid interval. */
export interface MeanDifferenceEvidence {
  /** ln E against "difference ≤ 0"; fail when it reaches ln(1/α). */
  readonly logEFail: number;
  /** ln E against "difference ≥ margin"; pass when it reaches ln(1/β). */
  readonly logEPass: number;
  readonly difference: number;
  /** Always-valid interval of the difference, coverage 1 − α; infinite before there is enough data. */
  readonly lower: number;
  readonly upper: number;
}

/** Running sums over independent units (clusters), enough to test their mean at any time. */
export interface ClusterSums {
  /** Number of clusters. */
  readonly clusters: number;
  /** Mean of the clusters' mean differences. */
  readonly meanDifference: number;
  /** Sample variance of the clusters' mean differences (divisor clusters − 1), squared units. */
  readonly clusterVariance: number;
}

/** Loss of one arm in one stratum. */
export interface ArmMoments {
  /** Number of independent units. */
  readonly units: number;
  readonly mean: number;
  /** Sample variance of one unit. */
  readonly variance: number;
}

/** How a paired sequential test is set up before data are seen. */
export interface PairedTestPlan {
  /** Largest tolerated difference, in the metric's unit, positive. */
  readonly margin: number;
  readonly alpha: number;
  /** Number of clusters at which the test should be sharpest. */
  readonly targetClusters: number;
  /** Clusters below which the normal approximation is not trusted and nothing is claimed; default 50. */
  readonly minimumClusters?: number;
}

/** Running sums before the first cluster. */
export const NO_CLUSTERS: ClusterSums = { clusters: 0, meanDifference: 0, clusterVariance: 0 };

/**
 * Adds one cluster to the running sums by Welford's update (Technometrics 4, 1962).
 *
 * @param sums running sums so far
 * @param difference the cluster's mean difference, candidate − champion
 * @returns new running sums
 * @throws RangeError when the difference is not finite
 * @example
 * addCluster(addCluster(NO_CLUSTERS, 1), 3); // { clusters: 2, meanDifference: 2, clusterVariance: 2 }
 */
export function addCluster(sums: ClusterSums, difference: number): ClusterSums {
  if (!Number.isFinite(difference)) throw new RangeError(`add cluster: difference must be finite, got ${difference}`);
  const clusters = sums.clusters + 1;
  const change = difference - sums.meanDifference;
  const meanDifference = sums.meanDifference + change / clusters;
  const squares = sums.clusterVariance * Math.max(0, sums.clusters - 1) + change * (difference - meanDifference);
  return { clusters, meanDifference, clusterVariance: clusters > 1 ? squares / (clusters - 1) : 0 };
}

/**
 * Combines the sums of two disjoint sets of clusters (Chan, Golub and LeVeque 1983).
 *
 * @param a running sums
 * @param b running sums of other clusters
 * @returns running sums of all clusters
 * @example
 * mergeClusters(NO_CLUSTERS, addCluster(NO_CLUSTERS, 3)).meanDifference; // 3
 */
export function mergeClusters(a: ClusterSums, b: ClusterSums): ClusterSums {
  const clusters = a.clusters + b.clusters;
  if (clusters === 0) return NO_CLUSTERS;
  const gap = b.meanDifference - a.meanDifference;
  const squares =
    a.clusterVariance * Math.max(0, a.clusters - 1) +
    b.clusterVariance * Math.max(0, b.clusters - 1) +
    (gap * gap * a.clusters * b.clusters) / clusters;
  return {
    clusters,
    meanDifference: a.meanDifference + (gap * b.clusters) / clusters,
    clusterVariance: clusters > 1 ? squares / (clusters - 1) : 0,
  };
}

/**
 * Difference of mean losses, candidate − champion, stratified by step and day: weights ω = n_C n_B / n, variance from
 * the arms' own sample variances.
 *
 * @param strata moments of both arms per stratum; strata with fewer than two units in an arm carry no information
 * @returns difference of means and its variance; `null` when no stratum has both arms
 * @example
 * stratifiedMeanDifference([
 *   { candidate: { units: 100, mean: 0.5, variance: 0.04 }, champion: { units: 100, mean: 0.4, variance: 0.04 } },
 * ]); // { difference: 0.1, variance: 0.0008 }
 */
export function stratifiedMeanDifference(
  strata: readonly { readonly candidate: ArmMoments; readonly champion: ArmMoments }[],
): EstimatedDifference | null {
  let weightSum = 0;
  let weighted = 0;
  let spread = 0;
  for (const { candidate, champion } of strata) {
    if (candidate.units < 2 || champion.units < 2) continue;
    const weight = (candidate.units * champion.units) / (candidate.units + champion.units);
    weightSum += weight;
    weighted += weight * (candidate.mean - champion.mean);
    spread += weight ** 2 * (candidate.variance / candidate.units + champion.variance / champion.units);
  }
  if (weightSum === 0) return null;
  return { difference: weighted / weightSum, variance: spread / weightSum ** 2 };
}

/**
 * Sequential evidence about a mean difference from its current estimate: half-normal mixtures against "not worse"
 * (difference ≤ 0) and against "worse than the margin" (difference ≥ margin), and the normal-mixture confidence
 * sequence. Asymptotic: wants some 50 independent units per arm.
 *
 * @param estimate difference (candidate − champion, positive = worse) and its variance
 * @param options margin in the metric's unit, τ² of the mixture (fixed beforehand), α of the interval
 * @returns both log e-values and the interval
 * @throws RangeError when a variance is not positive, the margin negative or alpha outside (0, 1)
 * @example
 * meanDifferenceEvidence({ difference: 0.01, variance: 2e-5 }, { margin: 0.02, priorVariance: 4e-4, alpha: 0.05 });
 * // logEFail = ln 4.651470, interval 0.01 ± 0.0137752
 */
export function meanDifferenceEvidence(
  estimate: EstimatedDifference,
  options: { readonly margin: number; readonly priorVariance: number; readonly alpha: number },
): MeanDifferenceEvidence {
  const { difference, variance } = estimate;
  const { margin, priorVariance, alpha } = options;
  if (!(margin >= 0)) throw new RangeError(`mean difference: margin must be at least 0, got ${margin}`);
  const halfWidth = confidenceSequenceHalfWidth(variance, priorVariance, alpha);
  return {
    logEFail: oneSidedMixtureLogEvidence(difference, variance, priorVariance),
    logEPass: oneSidedMixtureLogEvidence(margin - difference, variance, priorVariance),
    difference,
    lower: difference - halfWidth,
    upper: difference + halfWidth,
  };
}

/**
 * Paired sequential test of a mean difference with a non-inferiority margin (shadow traffic, labelled pairs), from
 * running sums over independent clusters (sticky keys): an asymptotic confidence sequence (Waudby-Smith et al. 2021)
 * and its one-sided e-values. One imaginary cluster that is off by the margin is added to the variance, so that
 * identical answers do not claim infinite certainty.
 *
 * @param sums clusters, mean and variance of their mean differences (candidate − champion, positive = worse)
 * @param plan margin, α, target number of clusters, minimum number of clusters; fixed beforehand
 * @returns evidence; 0 with an infinite interval before `minimumClusters`
 * @throws RangeError when the plan or the sums are outside their domain
 * @example
 * pairedMeanEvidence(
 *   { clusters: 400, meanDifference: -0.001, clusterVariance: 0.0004 },
 *   { margin: 0.01, alpha: 0.05, targetClusters: 400 },
 * ).logEPass; // above ln 20: passes at β = 0.05
 */
export function pairedMeanEvidence(sums: ClusterSums, plan: PairedTestPlan): MeanDifferenceEvidence {
  const { clusters, meanDifference, clusterVariance } = sums;
  const { margin, alpha, targetClusters, minimumClusters = 50 } = plan;
  if (!(margin > 0)) throw new RangeError(`paired test: margin must be positive, got ${margin}`);
  if (!(clusters >= 0 && clusterVariance >= 0)) {
    throw new RangeError(`paired test: clusters and variance must be at least 0, got ${clusters}, ${clusterVariance}`);
  }
  const scale = mixtureScale(targetClusters, alpha);
  if (clusters < Math.max(2, minimumClusters)) {
    return {
      logEFail: 0,
      logEPass: 0,
      difference: meanDifference,
      lower: Number.NEGATIVE_INFINITY,
      upper: Number.POSITIVE_INFINITY,
    };
  }
  const unitVariance = (clusterVariance * (clusters - 1) + margin * margin) / clusters;
  return meanDifferenceEvidence(
    { difference: meanDifference, variance: unitVariance / clusters },
    { margin, priorVariance: scale * unitVariance, alpha },
  );
}
