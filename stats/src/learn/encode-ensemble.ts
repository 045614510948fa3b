import { decodeBase64, encodeBase64 } from './base64.ts';
import type { BoostingObjective, Tree, TreeEnsemble } from './tree-ensemble.ts';

/** Element kinds of a tree's arrays in the encoding, all little-endian. */
const fields = {
  featureIndex: 'int32',
  threshold: 'float32',
  left: 'int32',
  right: 'int32',
  missingLeft: 'uint8',
  value: 'float32',
  cover: 'float64',
  gain: 'float32',
} as const;

type Field = keyof typeof fields;
const fieldNames = Object.keys(fields) as Field[];
const sizes = { uint8: 1, int32: 4, float32: 4, float64: 8 } as const;
const objectives: Readonly<Record<BoostingObjective, true>> = {
  binary: true,
  multiclass: true,
  squared_error: true,
  poisson: true,
  absolute_error: true,
  quantile: true,
};

/**
 * An ensemble as compact JSON: names and base scores in clear, the arrays of all trees one after another in base64.
 * The same model gives the same text.
 */
export function encodeEnsemble(model: TreeEnsemble): string {
  const nodes = model.trees.map((tree) => tree.left.length);
  const total = nodes.reduce((sum, count) => sum + count, 0);
  const arrays: Partial<Record<Field, string>> = {};
  for (const field of fieldNames) {
    const size = sizes[fields[field]];
    const bytes = new Uint8Array(total * size);
    const view = new DataView(bytes.buffer);
    let at = 0;
    for (const tree of model.trees) {
      for (const value of tree[field]) {
        writeElement(view, at, fields[field], value);
        at += size;
      }
    }
    arrays[field] = encodeBase64(bytes);
  }
  const { version, objective, features, classes, baseScore } = model;
  return JSON.stringify({ version, objective, features, classes, baseScore, nodes, ...arrays });
}

/** The ensemble of a text from `encodeEnsemble`. Throws a RangeError that says what is wrong with any other text. */
export function decodeEnsemble(text: string): TreeEnsemble {
  const found: unknown = parseJson(text);
  if (typeof found !== 'object' || found === null) throw wrong('expected an object');
  const encoded: Readonly<Record<string, unknown>> = { ...found };
  if (encoded['version'] !== 1) throw wrong(`version ${String(encoded['version'])} is unknown`);
  const { objective } = encoded;
  if (typeof objective !== 'string' || !Object.hasOwn(objectives, objective)) throw wrong('objective is unknown');
  const features = listOf(encoded, 'features', isText);
  const baseScore = listOf(encoded, 'baseScore', isNumber);
  const nodes = listOf(encoded, 'nodes', isCount);
  const total = nodes.reduce((sum, count) => sum + count, 0);
  if (baseScore.length === 0) throw wrong('baseScore is empty');
  const arrays = {
    featureIndex: Int32Array.from(elementsOf(encoded, 'featureIndex', total)),
    threshold: Float32Array.from(elementsOf(encoded, 'threshold', total)),
    left: Int32Array.from(elementsOf(encoded, 'left', total)),
    right: Int32Array.from(elementsOf(encoded, 'right', total)),
    missingLeft: Uint8Array.from(elementsOf(encoded, 'missingLeft', total)),
    value: Float32Array.from(elementsOf(encoded, 'value', total)),
    cover: elementsOf(encoded, 'cover', total),
    gain: Float32Array.from(elementsOf(encoded, 'gain', total)),
  };
  let at = 0;
  const trees = nodes.map((count): Tree => {
    const begin = at;
    at += count;
    return treeSlice(arrays, begin, at);
  });
  for (const [t, tree] of trees.entries()) checkTree(tree, t, features.length);
  return {
    version: 1,
    objective: objective as BoostingObjective,
    features,
    classes: listOf(encoded, 'classes', isText),
    baseScore,
    trees,
  };
}

function treeSlice(arrays: Tree, begin: number, end: number): Tree {
  return {
    featureIndex: arrays.featureIndex.slice(begin, end),
    threshold: arrays.threshold.slice(begin, end),
    left: arrays.left.slice(begin, end),
    right: arrays.right.slice(begin, end),
    missingLeft: arrays.missingLeft.slice(begin, end),
    value: arrays.value.slice(begin, end),
    cover: arrays.cover.slice(begin, end),
    gain: arrays.gain.slice(begin, end),
  };
}

/** A file may come from anywhere: children must lie behind their parent, or predicting would never end. */
function checkTree({ featureIndex, left, right }: Tree, t: number, features: number): void {
  const count = left.length;
  for (let node = 0; node < count; node++) {
    const feature = featureIndex[node]!;
    if (feature < 0) continue;
    const isSound = (child: number) => child > node && child < count;
    if (feature >= features || !isSound(left[node]!) || !isSound(right[node]!)) {
      throw wrong(`tree ${t}, node ${node} points outside`);
    }
  }
}

function wrong(what: string, cause?: unknown): RangeError {
  return new RangeError(`Not an encoded ensemble: ${what}`, { cause });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw wrong('not JSON', cause);
  }
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown): value is number => typeof value === 'number';
const isCount = (value: unknown): value is number => isNumber(value) && Number.isInteger(value) && value > 0;

function listOf<T>(encoded: Readonly<Record<string, unknown>>, key: string, is: (value: unknown) => value is T): T[] {
  const list: unknown = encoded[key];
  if (!Array.isArray(list) || !list.every(is)) throw wrong(`${key} is not the list it should be`);
  return list;
}

function elementsOf(encoded: Readonly<Record<string, unknown>>, field: Field, total: number): Float64Array {
  const text = encoded[field];
  if (typeof text !== 'string') throw wrong(`${field} is missing`);
  const bytes = decodeBase64(text);
  const size = sizes[fields[field]];
  if (bytes.length !== total * size) throw wrong(`${field} has ${bytes.length} bytes, expected ${total * size}`);
  const view = new DataView(bytes.buffer);
  return Float64Array.from({ length: total }, (_, i) => readElement(view, i * size, fields[field]));
}

function writeElement(view: DataView, at: number, kind: keyof typeof sizes, value: number): void {
  if (kind === 'uint8') view.setUint8(at, value);
  else if (kind === 'int32') view.setInt32(at, value, true);
  else if (kind === 'float32') view.setFloat32(at, value, true);
  else view.setFloat64(at, value, true);
}

function readElement(view: DataView, at: number, kind: keyof typeof sizes): number {
  if (kind === 'uint8') return view.getUint8(at);
  if (kind === 'int32') return view.getInt32(at, true);
  if (kind === 'float32') return view.getFloat32(at, true);
  return view.getFloat64(at, true);
}
