import { invalidInput } from '@flyball/api';
import { int64, message, nonEmpty, text, wireNumber } from './message.ts';
import { call, type MlflowCall, optionalText, requiredText } from './mlflow-call.ts';
import { runIdOf } from './run-calls.ts';

/** `/mlflow/metrics/*` */
export const metricCalls: readonly MlflowCall[] = [
  call({
    method: 'GET',
    path: '/mlflow/metrics/get-history',
    access: 'viewer',
    request: message({ run_id: text, run_uuid: text, metric_key: text, page_token: text, max_results: int64 }),
    rules: { run_id: requiredText, metric_key: requiredText, page_token: optionalText },
    handle: async (input, { tracking, project }) => {
      const { metric_key: key = '', page_token: pageToken, max_results: limit = null } = input;
      if (limit !== null && limit <= 0) {
        throw invalidInput(
          `Invalid value ${limit} for parameter 'max_results' supplied. It must be a positive integer.`,
        );
      }
      const runId = runIdOf(input);
      const { points, nextPageToken } = await tracking.metrics.history(project, { runId, key, limit, pageToken });
      const metrics = points.map(({ value, is_nan, timestamp_ms: timestamp, step }) => ({
        key,
        value: wireNumber(value, is_nan),
        timestamp,
        step,
      }));
      return { metrics: nonEmpty(metrics), next_page_token: nextPageToken };
    },
  }),
];
