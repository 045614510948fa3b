/**
 * Pure mathematics of the platform: distributions, drift statistics, metrics, intervals, sequential tests, alert rules.
 * No input or output. Learning from tables is `@flyball/stats/learn`.
 */
export {
  type AlertRule,
  type AlertState,
  type AlertTransition,
  QUIET_ALERT,
  runAlertRule,
  stepAlert,
} from './alerting/alert-rule.ts';
export { adjustForFalseDiscovery } from './alerting/false-discovery-rate.ts';
export { betaQuantile, logRegularizedBeta, regularizedBeta } from './distribution/incomplete-beta.ts';
export { chiSquareCdf, chiSquareSf, regularizedGammaP, regularizedGammaQ } from './distribution/incomplete-gamma.ts';
export { kolmogorovFiniteSf, kolmogorovSf, kolmogorovTwoSampleSf } from './distribution/kolmogorov.ts';
export { devianceTerm, logBeta, logGamma, stirlingError } from './distribution/log-gamma.ts';
export {
  erfc,
  logNormalCdf,
  logScaledNormalCdf,
  normalCdf,
  normalQuantile,
  normalSf,
} from './distribution/normal.ts';
export { studentTCdf, studentTQuantile, studentTSf, studentTTwoSidedP } from './distribution/student-t.ts';
export { andersonDarling } from './drift/anderson-darling.ts';
export {
  type ChiSquareResult,
  chiSquareContingency,
  chiSquareGoodnessOfFit,
  cramersV,
  fisherExact,
  gTest,
  twoProportionZ,
} from './drift/count-tests.ts';
export { type CvmResult, cramerVonMises } from './drift/cramer-von-mises.ts';
export {
  binnedKsStatistic,
  hellingerDistance,
  jensenShannonDistance,
  klDivergence,
  lInfinityDistance,
  populationStabilityIndex,
  shares,
  totalVariationDistance,
  type ZeroFill,
} from './drift/distribution-distance.ts';
export { eppsSingleton } from './drift/epps-singleton.ts';
export {
  evidentlyBins,
  evidentlyDefaultTest,
  evidentlyHellingerBins,
  nannymlBins,
  type PairedBins,
} from './drift/evidently-bins.ts';
export {
  type BinPlan,
  binCounts,
  binNames,
  type Cell,
  type FrozenBins,
  freezeBins,
  missingShare,
  type QuantileBins,
  type ValueBins,
} from './drift/frozen-bins.ts';
export { doaneEdges, histogramOfSorted, sturgesEdges } from './drift/histogram-edges.ts';
export { type KsResult, kolmogorovSmirnov, type TestResult } from './drift/kolmogorov-smirnov.ts';
export { mannWhitney, studentTTest, type TTestResult, welchTTest } from './drift/location-tests.ts';
export { maximumMeanDiscrepancy, type PermutationPlan, totalVariationTest } from './drift/permutation-tests.ts';
export { energyDistance, normalisedWasserstein, wassersteinDistance } from './drift/sample-distance.ts';
export { type EstimatedPerformance, estimatePerformance } from './estimation/estimate-performance.ts';
export { applyIsotonic, fitIsotonic, type IsotonicMap } from './estimation/isotonic.ts';
export { type BootstrapInterval, type BootstrapOptions, bootstrapInterval } from './interval/bootstrap.ts';
export { type Clusters, groupClusters } from './interval/clusters.ts';
export { type AucComparison, type AucEstimate, delongAuc, delongTest } from './interval/delong.ts';
export { type PairedDifference, pairedMeanDifference } from './interval/paired-mean-difference.ts';
export { clopperPearson, type Interval, wilson } from './interval/proportion-interval.ts';
export {
  type CalibrationBin,
  type CalibrationBinning,
  calibrationCurve,
  expectedCalibrationError,
} from './metrics/calibration.ts';
export {
  accuracyAt,
  type ConfusionCounts,
  type ConfusionRates,
  confusionAt,
  confusionMatrix,
  confusionRates,
  type MacroRates,
  macroRates,
} from './metrics/confusion.ts';
export { brierScore, logLoss, logLossPerRow } from './metrics/probability-metrics.ts';
export { rankCorrelation } from './metrics/rank-correlation.ts';
export { areaUnderRoc, averagePrecision, expectedAreaUnderRoc } from './metrics/ranking-metrics.ts';
export {
  absoluteErrorPerRow,
  meanAbsoluteError,
  meanError,
  quantileLoss,
  rootMeanSquaredError,
  rSquared,
  squaredErrorPerRow,
} from './metrics/regression-metrics.ts';
export { createDdm, type DdmOptions, type DdmState, updateDdm } from './online/ddm.ts';
export { createHddm, type HddmOptions, type HddmState, updateHddm } from './online/hddm.ts';
export {
  createPageHinkley,
  type DetectorSignal,
  type PageHinkleyOptions,
  type PageHinkleyState,
  updatePageHinkley,
} from './online/page-hinkley.ts';
export {
  createWeightedHddm,
  updateWeightedHddm,
  type WeightedHddmOptions,
  type WeightedHddmState,
} from './online/weighted-hddm.ts';
export { ascendingOrder, midRanks, quantileOfSorted, sortedFinite } from './sample/ranks.ts';
export { logSumExp, mean, sum, variance } from './sample/sum.ts';
export { createRandom, drawBinomial, drawPoisson, type Random } from './sampling/random.ts';
export { absoluteBoundEvidence, type PassFailEvidence } from './sequential/absolute-bound-test.ts';
export {
  type ArmMoments,
  addCluster,
  type ClusterSums,
  type MeanDifferenceEvidence,
  meanDifferenceEvidence,
  mergeClusters,
  NO_CLUSTERS,
  type PairedTestPlan,
  pairedMeanEvidence,
  stratifiedMeanDifference,
} from './sequential/mean-difference-test.ts';
export {
  anytimePValue,
  confidenceSequenceHalfWidth,
  mixtureLogEvidence,
  mixtureScale,
  oneSidedMixtureLogEvidence,
  uniformBandHalfWidth,
} from './sequential/normal-mixture.ts';
export {
  betaOddsLogEvidence,
  FAIL_RATIOS,
  type OddsStratum,
  oddsFailEvidence,
  oddsLogEvidence,
  oddsPassEvidence,
  oddsRatioInterval,
  PASS_RATIOS,
  type RatioInterval,
} from './sequential/odds-test.ts';
export { expectedBadUnits, expectedSecondsToVerdict, type OddsPlan, splitAlpha } from './sequential/planning.ts';
export {
  predictionShiftLogEvidence,
  type RatioStratum,
  type ShiftStratum,
  sampleRatioLogEvidence,
} from './sequential/prediction-shift-test.ts';
export {
  type MetricEvidence,
  type RolloutDecision,
  type RolloutEvidence,
  type RolloutVerdict,
  rolloutVerdict,
} from './sequential/rollout-verdict.ts';
export {
  type CountStratum,
  type EstimatedDifference,
  stratifiedDifference,
} from './sequential/stratified-difference.ts';
