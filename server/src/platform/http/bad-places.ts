import type { BadPlace } from '@flyball/api';
import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

/** A path as callers write it: `body.features[0].name`. */
export function placeOf(at: string, path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (place, key) => (typeof key === 'number' ? `${place}[${key}]` : `${place}.${String(key)}`),
    at,
  );
}

const isOfAnotherKind = ({ path, code }: Issue): boolean => path.length === 0 && code === 'invalid_type';

/** What keeps a value out of a union: the places of the option it comes closest to, if its kind fits one at all. */
function fromUnion(options: readonly (readonly Issue[])[], at: string): BadPlace[] {
  const [closest] = options
    .filter((issues) => issues.length > 0 && !issues.some(isOfAnotherKind))
    .sort((a, b) => a.length - b.length);
  if (closest !== undefined) return fromIssues(closest, at);
  const messages = new Set(options.flat().map(({ message }) => message));
  return [{ at, message: [...messages].join(', or: ') || 'Invalid input' }];
}

function fromIssue(issue: Issue, root: string): BadPlace[] {
  const at = placeOf(root, issue.path);
  if (issue.code === 'invalid_union' && issue.errors.length > 0) return fromUnion(issue.errors, at);
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ at: `${at}.${key}`, message: 'Unknown field' }));
  if (issue.code === 'invalid_key') return issue.issues.map(({ message }) => ({ at, message }));
  return [{ at, message: issue.message }];
}

/** Every bad place that a schema found in the part of a request that `at` names. */
export function fromIssues(issues: readonly Issue[], at: string): BadPlace[] {
  return issues.flatMap((issue) => fromIssue(issue, at));
}
