import type { InferRequest } from './infer-request.ts';
import type { LookedUpFeature } from './model-inputs.ts';
import type { OnlineViews } from './online-views.ts';

type Rows = Pick<InferRequest, 'rows' | 'columns'>;

/** One list of values per feature, as they were known at a moment; NaN for none. */
export function lookUpFeatures(
  views: OnlineViews,
  features: readonly LookedUpFeature[],
  request: Rows,
  at: number,
): Float64Array[] {
  if (features.length === 0) return [];
  const seen = new Map<string, Float64Array>();
  return features.map((feature) => lookUp(views, feature, request, at, seen));
}

function lookUp(
  views: OnlineViews,
  { view: name, feature, scale, keyInput }: LookedUpFeature,
  { rows, columns }: Rows,
  at: number,
  seen: Map<string, Float64Array>,
): Float64Array {
  const values = new Float64Array(rows).fill(Number.NaN);
  const view = views.get(name);
  const position = view?.positions.get(feature);
  if (view === undefined || position === undefined) return values;
  const keys = columns[keyInput]!;
  for (let row = 0; row < rows; row++) {
    const key = String(keys[row]);
    const place = `${name}\0${key}`;
    let found = seen.get(place);
    if (found === undefined) {
      found = view.read(key, at);
      seen.set(place, found);
    }
    values[row] = found[position]! * scale;
  }
  return values;
}
