import type { FeatureViewDefinition, WindowFeature } from '@flyball/api';

/** A column, or the 0/1 of "it is above a bound", that one or several features aggregate. */
export interface Measure {
  readonly column: string;
  readonly above: number | null;
}

export interface PlannedFeature {
  readonly name: string;
  readonly aggregate: WindowFeature['aggregate'];
  readonly clock: WindowFeature['clock'];
  readonly windowMs: number;
  /** Position among the measures; -1 counts events. */
  readonly measure: number;
}

export interface ViewPlan {
  readonly measures: readonly Measure[];
  readonly features: readonly PlannedFeature[];
  readonly ttlMs: number;
  readonly longestMs: number;
}

/** The distinct measures of a view and what each feature does with them. */
export function planView(view: Pick<FeatureViewDefinition, 'features' | 'ttlSeconds'>): ViewPlan {
  const measures: Measure[] = [];
  const positionOf = (of: WindowFeature['of']): number => {
    if (of === undefined) return -1;
    const above = of.above ?? null;
    const known = measures.findIndex((measure) => measure.column === of.column && measure.above === above);
    return known >= 0 ? known : measures.push({ column: of.column, above }) - 1;
  };
  const features = view.features.map(({ name, aggregate, clock, windowSeconds, of }) => ({
    name,
    aggregate,
    clock,
    windowMs: windowSeconds * 1000,
    measure: positionOf(of),
  }));
  return {
    measures,
    features,
    ttlMs: view.ttlSeconds * 1000,
    longestMs: Math.max(...features.map(({ windowMs }) => windowMs)),
  };
}

/** The value of a measure in a row; NaN when its column is missing. */
export function measured(measure: Measure, row: Readonly<Record<string, number | null>>): number {
  return measuredValue(measure, row[measure.column] ?? Number.NaN);
}

/** The value of a measure where its column has this value; NaN for none. */
export function measuredValue({ above }: Measure, value: number): number {
  return above === null || Number.isNaN(value) ? value : Number(value > above);
}
