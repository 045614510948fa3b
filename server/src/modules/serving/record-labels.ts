import { PlatformError } from '@flyball/api';
import type { FeedbackEvent } from './feedback-event.ts';
import type { PendingPredictions } from './pending-predictions.ts';
import type { PendingRequest } from './pending-request.ts';
import type { Spool } from './spool.ts';
import { labelFields, type RecordedLabel } from './spool-line.ts';

export interface NewLabel {
  /** Of the prediction. */
  readonly id: string;
  readonly value: number;
  /** When the truth became known, in epoch ms. */
  readonly at: number;
}

export interface LabelReceipt {
  readonly accepted: number;
  readonly unknown: number;
  /** The first thousand of them. */
  readonly unknownIds: string[];
}

export interface LabelTarget {
  readonly spool: Spool;
  readonly pending: PendingPredictions;
  /** The truth about a prediction whose inputs are remembered. */
  learned(event: FeedbackEvent): void;
}

const MAX_UNKNOWN_IDS = 1000;

interface Taken {
  readonly label: NewLabel;
  readonly request: PendingRequest;
  readonly row: number;
}

/**
 * Writes labels to the log, once each: the first one stands. Those of predictions that are not remembered any more are
 * taken on trust; whoever reads the log finds out whether the predictions exist.
 */
export function recordLabels(target: LabelTarget, labels: readonly NewLabel[]): Promise<LabelReceipt> {
  const { pending, spool } = target;
  const unknownIds: string[] = [];
  const taken: Taken[] = [];
  const recorded: RecordedLabel[] = [];
  for (const label of labels) {
    const match = pending.match(label.id);
    if (match.kind === 'unknown') unknownIds.push(label.id);
    else if (match.kind === 'forgotten') recorded.push({ ...label, predictedAt: null, requestSequence: null });
    else if (match.kind === 'pending') {
      const { request, row } = match;
      pending.label(request, row);
      taken.push({ label, request, row });
      recorded.push({ ...label, predictedAt: request.at, requestSequence: request.sequence });
    }
  }
  if (recorded.length > 0) spool.append('l', labelFields(recorded));
  if (unknownIds.length > 0) spool.append('u', `"n":${unknownIds.length}`);
  return new Promise((resolve, reject) => {
    spool.flush((cause) => {
      if (cause !== null) {
        for (const { request, row } of taken) pending.unlabel(request, row);
        reject(new PlatformError('unavailable', 'The labels cannot be written down; try again later', { cause }));
        return;
      }
      for (const one of taken) learn(target, one);
      for (const { request } of taken) pending.release(request);
      resolve({
        accepted: labels.length - unknownIds.length,
        unknown: unknownIds.length,
        unknownIds: unknownIds.slice(0, MAX_UNKNOWN_IDS),
      });
    });
  });
}

function learn({ learned }: LabelTarget, { label, request, row }: Taken): void {
  const { at, columns } = request;
  if (columns !== null) learned({ at, labelAt: label.at, value: label.value, row, columns });
}
