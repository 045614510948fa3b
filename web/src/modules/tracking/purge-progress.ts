import type { Purge } from '@flyball/api';

/** How much of a purge is done, from 0 to 1; null where nobody knew how much there is. */
export function progressOf({
  finishedAt,
  runsDone,
  runsLeft,
  kind,
  points,
  expectedPoints,
}: Pick<Purge, 'finishedAt' | 'runsDone' | 'runsLeft' | 'kind' | 'points' | 'expectedPoints'>): number | null {
  if (finishedAt !== null) return 1;
  // The points of its runs are deleted when the runs are gone.
  if (kind === 'experiment') return runsDone + runsLeft === 0 ? null : (0.95 * runsDone) / (runsDone + runsLeft);
  if (expectedPoints === null || expectedPoints === 0) return null;
  // More may have been logged since.
  return Math.min(0.99, points / expectedPoints);
}
