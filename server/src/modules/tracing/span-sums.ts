import { type ExactObject, type ExactValue, isExactObject, pythonJson } from '#platform/exact-json';
import { attributeValue } from './span-content.ts';

/** A span of a tree and what it says it used. */
export interface SumNode {
  readonly spanId: string;
  readonly parentId: string | null;
  readonly data: ExactObject | null;
}

/** The attribute as an object, be it given as one or as its text. */
export function objectAttribute(value: ExactValue | undefined): ExactObject | null {
  const read = typeof value === 'string' ? attributeValue(value) : value;
  return isExactObject(read) ? read : null;
}

/** Spans whose parent is not among them come first; the others hang below theirs. */
function treeOf(nodes: readonly SumNode[]) {
  const ids = new Set(nodes.map(({ spanId }) => spanId));
  const isRoot = ({ parentId }: SumNode): boolean => parentId === null || !ids.has(parentId);
  const children = Map.groupBy(
    nodes.filter((node) => !isRoot(node)),
    ({ parentId }) => parentId,
  );
  return { roots: nodes.filter(isRoot), children };
}

/** Numbers, also those that are written as texts. */
const numberOf = (value: unknown): number =>
  typeof value === 'number' || typeof value === 'bigint' || (typeof value === 'string' && value !== '')
    ? Number(value)
    : Number.NaN;

function addTo(totals: Record<string, number>, data: ExactObject, keys: readonly string[]): void {
  for (const key of keys) {
    const value = numberOf(data[key]);
    if (Number.isFinite(value)) totals[key] = (totals[key] ?? 0) + value;
  }
}

/**
 * Sums over a tree. A span that tells a sum speaks for everything below it: some libraries write the total of a whole
 * agent on its span.
 */
function sumTree(
  nodes: readonly SumNode[],
  keys: readonly string[],
  optional: readonly string[],
): Record<string, number> | null {
  const { roots, children } = treeOf(nodes);
  const totals: Record<string, number> = Object.fromEntries(keys.map((key) => [key, 0]));
  let hasData = false;
  const waiting = [...roots];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (node.data === null) {
      waiting.push(...(children.get(node.spanId) ?? []));
      continue;
    }
    hasData = true;
    addTo(totals, node.data, [...keys, ...optional]);
  }
  return hasData ? totals : null;
}

const tokens = ['input_tokens', 'output_tokens', 'total_tokens'] as const;
const cacheTokens = [
  'cache_read_input_tokens',
  'cache_creation_input_tokens',
  'cache_creation_input_tokens_above_1hr',
] as const;
const costs = ['input_cost', 'output_cost', 'total_cost'] as const;

const asTokens = (value: unknown): bigint | null => {
  const number = numberOf(value);
  return Number.isSafeInteger(number) ? BigInt(number) : null;
};

const asCost = (value: unknown): number | null => {
  const number = numberOf(value);
  return Number.isFinite(number) ? number : null;
};

/** Only the known fields, in their order, as a text of JSON; null when none is there. */
function canonical(
  data: Readonly<Record<string, unknown>> | null,
  keys: readonly string[],
  as: (value: unknown) => bigint | number | null,
): string | null {
  const known = keys.flatMap((key) => {
    const value = data !== null && Object.hasOwn(data, key) ? as(data[key]) : null;
    return value === null ? [] : [[key, value] as const];
  });
  return known.length === 0 ? null : pythonJson(Object.fromEntries(known));
}

export const canonicalUsage = (data: Readonly<Record<string, unknown>> | null): string | null =>
  canonical(data, [...tokens, ...cacheTokens], asTokens);

export const canonicalCost = (data: Readonly<Record<string, unknown>> | null): string | null =>
  canonical(data, costs, asCost);

export const sumUsage = (nodes: readonly SumNode[]): string | null =>
  canonicalUsage(sumTree(nodes, tokens, cacheTokens));
export const sumCost = (nodes: readonly SumNode[]): string | null => canonicalCost(sumTree(nodes, costs, []));
