import { median, round } from '../report/write-report.ts';

/** One measurement of one side. */
export interface Sample {
  readonly seconds: number;
  /** Of the process that did it, where it is known. */
  readonly peakMemoryMb?: number | undefined;
}

/** Something that is measured: us, what bounds us, or somebody else. */
export interface Side {
  readonly what: string;
  measure(turn: number): Sample | Promise<Sample>;
}

export interface Comparison {
  readonly stage: string;
  readonly turns: number;
  readonly flyball: Side;
  /** What the libraries below us take for the part that cannot be saved. */
  readonly limit: Side;
  readonly peer?: Side;
  /** Rows, questions or looks of one measurement, and what they are called. */
  readonly units?: { readonly count: number; readonly of: string };
}

type Role = 'flyball' | 'limit' | 'peer';

const roles: readonly Role[] = ['flyball', 'limit', 'peer'];

function summary({ what }: Side, samples: readonly Sample[]) {
  const memory = samples.flatMap(({ peakMemoryMb }) => (peakMemoryMb === undefined ? [] : [peakMemoryMb]));
  return {
    what,
    medianSeconds: round(median(samples.map(({ seconds }) => seconds))),
    seconds: samples.map(({ seconds }) => round(seconds)),
    ...(memory.length > 0 ? { peakMemoryMb: Math.round(Math.max(...memory)) } : {}),
  };
}

/** Measures the sides in turn, so that what else the machine does meets all of them. */
export async function compare(comparison: Comparison) {
  const { stage, turns, units } = comparison;
  const present = roles.filter((role) => comparison[role] !== undefined);
  const samples: Record<Role, Sample[]> = { flyball: [], limit: [], peer: [] };
  for (let turn = 0; turn < turns; turn++) {
    for (const role of present) samples[role].push(await comparison[role]!.measure(turn));
  }
  const flyball = summary(comparison.flyball, samples.flyball);
  const limit = summary(comparison.limit, samples.limit);
  const timesLimit = round(flyball.medianSeconds / limit.medianSeconds);
  const peer = comparison.peer === undefined ? null : summary(comparison.peer, samples.peer);
  const timesFaster = peer === null ? null : round(peer.medianSeconds / flyball.medianSeconds);
  const beside = peer === null ? '' : `, ${peer.what} ${peer.medianSeconds} s: ${timesFaster} times faster`;
  const memory = flyball.peakMemoryMb === undefined ? '' : `, at most ${flyball.peakMemoryMb} MB`;
  const ours = `${flyball.medianSeconds} s${memory}`;
  console.log(`${stage}: ${ours}, ${timesLimit} × the limit of ${limit.medianSeconds} s${beside}`);
  return {
    stage,
    flyball,
    limit,
    timesLimit,
    ...(peer === null ? {} : { peer, timesFasterThanPeer: timesFaster }),
    ...(units === undefined ? {} : { units: { ...units, perSecond: round(units.count / flyball.medianSeconds) } }),
  };
}

/** How long some work takes. */
export async function timed(work: () => unknown): Promise<Sample> {
  const started = performance.now();
  await work();
  return { seconds: (performance.now() - started) / 1000 };
}
