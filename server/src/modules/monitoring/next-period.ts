/** Periods that a new monitor looks back; a single request with a wrong time must not cost a lifetime of periods. */
const MOST_PERIODS_BACK = 5_000;

export interface PeriodQuestion {
  /** The last period that was evaluated. */
  readonly evaluatedMs: number | null;
  /** When the endpoint's log begins. */
  readonly startMs: number;
  readonly watermarkMs: number;
  readonly everyMs: number;
}

/** The end of the next period of a monitor: multiples of its length in event time. */
export function nextPeriodMs({ evaluatedMs, startMs, watermarkMs, everyMs }: PeriodQuestion): number {
  const last = evaluatedMs ?? Math.max(startMs, watermarkMs - MOST_PERIODS_BACK * everyMs);
  return (Math.floor(last / everyMs) + 1) * everyMs;
}
