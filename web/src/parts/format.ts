const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

export function formatCount(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : whole.format(value);
}

export function formatNumber(value: number | null | undefined, digits = 4): string {
  if (value === null || value === undefined) return '–';
  const isWhole = Number.isInteger(value) || Math.abs(value) >= 10 ** (digits - 1);
  return isWhole ? whole.format(value) : value.toPrecision(digits);
}

export function formatBytes(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) return '–';
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = bytes === 0 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

export function formatSeconds(milliseconds: number | null | undefined): string {
  if (milliseconds === null || milliseconds === undefined) return '–';
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

/** An interval; a dash where there is none. */
export function formatRange(low: number | null | undefined, high: number | null | undefined, digits = 4): string {
  if (low === null || low === undefined || high === null || high === undefined) return '–';
  return `${formatNumber(low, digits)} … ${formatNumber(high, digits)}`;
}

/** A share in percent, without digits that say nothing. */
export const formatPercent = (share: number): string => `${Number((100 * share).toPrecision(4))} %`;

const metricNames: Readonly<Record<string, string>> = {
  auc: 'AUC',
  brier: 'Brier score',
  f1: 'F1',
  rmse: 'RMSE',
  mae: 'MAE',
};

/** What people call a metric. */
export const formatMetric = (name: string): string => metricNames[name] ?? name.replaceAll('_', ' ');

/** A sentence of the server with its moments as they are shown elsewhere. */
export const shortenMoments = (text: string): string =>
  text.replace(/(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}):[\d.]+Z/g, '$1 $2');
