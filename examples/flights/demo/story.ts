import type { Flyball } from '@flyball/sdk';
import type { Flights, FlightsSource } from './flights-source.ts';
import type { Replay } from './replay.ts';
import type { Watch } from './watch.ts';

export interface Act {
  readonly name: string;
  readonly ok: boolean;
  readonly seconds: number;
  /** What happened, for the report. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** What the acts share. */
export interface Story {
  readonly flyball: Flyball;
  readonly url: string;
  readonly gatewayUrl: string;
  readonly source: FlightsSource;
  /** A folder for files on their way to the platform. */
  readonly folder: string;
  readonly calendar: Calendar;
  /** The flights of the replay. */
  readonly flights: Flights;
  readonly replay: Replay;
  readonly watch: Watch;
  say(line: string): void;
}

/** When things happen, in event time. */
export interface Calendar {
  readonly launch: string;
  readonly betterFeatures: string;
  readonly badRelease: string;
  readonly end: string;
}

/** The four months of the story; a shortened one for tests takes the first days of each part. */
export const fullCalendar: Calendar = {
  launch: '2001-03-01T00:00:00Z',
  betterFeatures: '2001-05-14T00:00:00Z',
  badRelease: '2001-06-18T06:00:00Z',
  end: '2001-07-01T00:00:00Z',
};

export const shortCalendar: Calendar = {
  launch: '2001-03-01T00:00:00Z',
  betterFeatures: '2001-03-18T00:00:00Z',
  badRelease: '2001-03-28T06:00:00Z',
  end: '2001-03-31T00:00:00Z',
};

/** Runs one act; what it throws ends it as not ok, with the reason. */
export async function play(
  name: string,
  story: Story,
  act: (story: Story) => Promise<{ ok: boolean; facts: Record<string, unknown> }>,
): Promise<Act> {
  const started = performance.now();
  story.say(`\n■ ${name}`);
  try {
    const { ok, facts } = await act(story);
    return { name, ok, seconds: (performance.now() - started) / 1000, facts };
  } catch (error) {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    story.say(`  ${reason}`);
    return { name, ok: false, seconds: (performance.now() - started) / 1000, facts: { error: reason } };
  }
}
