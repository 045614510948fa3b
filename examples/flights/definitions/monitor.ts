import { defineMonitor, durationSeconds } from '@flyball/sdk';
import { endpoint } from './model.ts';

const days = (number: number): number => durationSeconds(`${number}d`);

/** The inputs hardly ever drift; whether the answers are still right, only the labels can tell. */
export const monitor = defineMonitor({
  name: 'flight-delay',
  description: 'Is the model still right?',
  endpoint,
  everySeconds: 12 * 3600,
  signals: {
    'drift-hour': { kind: 'psi', column: 'hour', windowSeconds: days(7) },
    'drift-weekday': { kind: 'psi', column: 'weekday', windowSeconds: days(7) },
    'drift-distance': { kind: 'ks', column: 'distance', windowSeconds: days(7) },
    'missing-distance': { kind: 'missing_share', column: 'distance' },
    'drift-predictions': { kind: 'prediction_psi', windowSeconds: days(7) },
    volume: { kind: 'volume' },
    errors: { kind: 'error_share' },
    latency: { kind: 'latency_p99' },
    'mean-prediction': { kind: 'mean_prediction', windowSeconds: days(3) },
    late: { kind: 'mean_label', windowSeconds: days(3) },
    labelled: { kind: 'label_share' },
    'log-loss': { kind: 'log_loss', windowSeconds: days(3), minCount: 5000 },
    calibration: { kind: 'calibration_error', windowSeconds: days(3), minCount: 5000 },
    auc: { kind: 'auc', windowSeconds: days(3), minCount: 5000 },
  },
  rules: {
    drifted: { signal: 'drift-hour', bound: 0.1, severity: 'warning' },
    miscalibrated: {
      signal: 'calibration',
      bound: 0.055,
      clearBound: 0.045,
      for: 3,
      of: 4,
      clearAfter: 2,
      severity: 'critical',
      cooldownSeconds: days(4),
    },
    worse: {
      signal: 'log-loss',
      bound: 1.25,
      relativeTo: 'reference',
      clearBound: 1.15,
      for: 3,
      of: 4,
      clearAfter: 2,
      severity: 'critical',
      cooldownSeconds: days(4),
    },
  },
});
