import { readFile } from 'node:fs/promises';
import { PlatformError } from '@flyball/api';
import { decodeEnsemble, treeShap } from '@flyball/stats/learn';
import type { EvaluationParts } from './parts.ts';

export interface Explanation {
  readonly features: string[];
  /** Expected raw score; with a row's values it adds up to the row's score (log odds for probabilities). */
  readonly base: number;
  readonly values: number[][];
}

/** Path-dependent TreeSHAP of rows given as feature → value; absent and null are missing. */
export async function explainPredictions(
  { registry }: EvaluationParts,
  project: string,
  model: string,
  number: number,
  rows: readonly Readonly<Record<string, number | null>>[],
): Promise<Explanation> {
  const version = await registry.getVersion(project, model, number);
  const file = version.files.find(({ path }) => path.endsWith('trees.json'));
  if (file === undefined) {
    throw new PlatformError('not_implemented', `${model}@${number} was not trained here: its trees have no covers`);
  }
  const trees = decodeEnsemble(await readFile(await registry.filePath(project, version, file.path), 'utf8'));
  const features = [...trees.features];
  const unknown = new Set(rows.flatMap((row) => Object.keys(row)).filter((name) => !features.includes(name)));
  if (unknown.size > 0)
    throw new PlatformError('invalid_input', `Not a feature of the model: ${[...unknown].join(', ')}`);
  const columns = features.map((name) => Float32Array.from(rows, (row) => row[name] ?? Number.NaN));
  const shap = treeShap(trees, columns);
  if (shap.outputs !== 1) throw new PlatformError('not_implemented', 'Models of several classes are not explained yet');
  const values = rows.map((_, i) => [...shap.values.subarray(i * features.length, (i + 1) * features.length)]);
  return { features, base: shap.base[0]!, values };
}
