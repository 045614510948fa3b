import { createHash } from 'node:crypto';
import { canonicalJson } from '#platform/canonical-json';

export interface CacheKey {
  readonly key: string;
  /** What the key is made of, so that a miss can be explained. */
  readonly parts: Readonly<Record<string, string>>;
}

const digest = (value: unknown): string => createHash('sha256').update(canonicalJson(value)).digest('hex');

/** Names the result of a step by everything that it depends on: what runs, its inputs, the version of the platform. */
export function cacheKey(
  step: { uses?: string | undefined; command?: readonly string[] | undefined },
  input: unknown,
  code: string,
): CacheKey {
  const parts = {
    runs: step.uses ?? digest(step.command),
    input: digest(input),
    code,
    node: process.versions.node,
  };
  return { key: digest(parts), parts };
}
