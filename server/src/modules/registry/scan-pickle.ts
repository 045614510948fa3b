import { type ByteSource, Truncated } from './byte-source.ts';
import { PickleMachine, type PickleTraces, type Shadow, TooMuch, UnknownOpcode } from './pickle-machine.ts';
import { pickleSteps } from './pickle-opcodes.ts';

export interface PickleJudgement {
  readonly verdict: 'safe' | 'unknown' | 'malicious' | 'invalid' | 'not_pickle';
  readonly message: string;
  /** Where the last complete pickle ends. */
  readonly end: number;
}

const MOST_PICKLES = 1_000;
const JOBLIB_ARRAY = 'joblib.numpy_pickle.NumpyArrayWrapper';
const isBroken = (error: unknown): boolean => error instanceof Truncated || error instanceof UnknownOpcode;

const numberOf = (value: Shadow | undefined): number | null => (value?.kind === 'number' ? value.value : null);

/** The size of one element, by NumPy's type code such as `f8` or `V64`; null for objects, which are pickled. */
function itemSize(dtype: Shadow | undefined): number | null {
  const spec = dtype?.kind === 'object' ? dtype.args[0] : undefined;
  if (spec?.kind !== 'text') return null;
  const found = /^[<>=|]?([biufcSUVMm])(\d+)$/.exec(spec.text);
  if (found === null) return null;
  return Number(found[2]) * (found[1] === 'U' ? 4 : 1);
}

/** Joblib writes arrays as raw bytes into the middle of its pickles: they are passed over. */
async function passArray(machine: PickleMachine, built: Shadow): Promise<void> {
  if (built.kind !== 'object' || built.of !== JOBLIB_ARRAY || built.state.kind !== 'dict') return;
  const { entries } = built.state;
  const shape = entries.get('shape');
  const size = itemSize(entries.get('dtype'));
  if (shape?.kind !== 'tuple') throw new UnknownOpcode();
  if (size === null) return await passObjects(machine);
  const lengths = shape.items.map(numberOf);
  if (lengths.includes(null)) throw new UnknownOpcode();
  if (numberOf(entries.get('numpy_array_alignment_bytes')) !== null)
    machine.cursor.skip(await machine.cursor.number(1));
  machine.cursor.skip(lengths.reduce<number>((product, length) => product * (length ?? 0), size));
}

/** An array of objects is a pickle of its own, right here. */
async function passObjects(machine: PickleMachine): Promise<void> {
  const inner = new PickleMachine(machine.cursor.source, machine.cursor.position, machine.traces);
  await inner.run(pickleSteps, async (built) => await passArray(inner, built));
  machine.cursor.skip(inner.cursor.position - machine.cursor.position);
}

function judged(traces: PickleTraces): Pick<PickleJudgement, 'verdict' | 'message'> {
  const names = (verdict: string) => [...traces.globals].filter(([, own]) => own === verdict).map(([name]) => name);
  const few = (list: readonly string[]) => list.slice(0, 10).join(', ') + (list.length > 10 ? ', …' : '');
  const harmful = names('malicious');
  if (harmful.length > 0) return { verdict: 'malicious', message: `A pickle that would use ${few(harmful)}` };
  const strange = [...(names('unknown').length > 0 ? [`uses ${few(names('unknown'))}`] : []), ...traces.remarks];
  if (strange.length > 0) return { verdict: 'unknown', message: `A pickle that ${strange.join('; ')}` };
  return { verdict: 'safe', message: 'A pickle that makes nothing but data' };
}

function broken(traces: PickleTraces): Pick<PickleJudgement, 'verdict' | 'message'> {
  const found = judged(traces);
  // What stands before the break has run by the time it is met.
  if (found.verdict === 'malicious') return found;
  if (!traces.hasHeader && !traces.acts) return { verdict: 'not_pickle', message: 'Not a pickle' };
  return { verdict: 'invalid', message: 'A pickle that breaks off' };
}

type Judged = Pick<PickleJudgement, 'verdict' | 'message'>;

interface OnePickle extends Judged {
  readonly end: number;
  readonly isWhole: boolean;
  readonly hasHeader: boolean;
}

async function scanOne(source: ByteSource, at: number): Promise<OnePickle> {
  const machine = new PickleMachine(source, at);
  const { traces } = machine;
  try {
    await machine.run(pickleSteps, async (built) => await passArray(machine, built));
    return { ...judged(traces), end: machine.cursor.position, isWhole: true, hasHeader: traces.hasHeader };
  } catch (error) {
    const own = { end: at, isWhole: false, hasHeader: traces.hasHeader };
    if (error instanceof TooMuch) return { ...own, verdict: 'unknown', message: 'A pickle too long to be judged' };
    if (!isBroken(error)) throw error;
    return { ...own, ...broken(traces) };
  }
}

const severity = ['malicious', 'invalid', 'unknown', 'safe', 'not_pickle'] as const;
const worse = (a: Judged, b: Judged): Judged => (severity.indexOf(a.verdict) <= severity.indexOf(b.verdict) ? a : b);

/**
 * Judges pickles without unpickling: every name that loading would import must be on the list of harmless ones. Several
 * pickles may follow each other; what comes after the last of them is not theirs.
 */
export async function scanPickle(source: ByteSource, at = 0): Promise<PickleJudgement> {
  let found: OnePickle = await scanOne(source, at);
  let worst: Judged = found;
  for (let pickles = 1; found.isWhole && found.end < source.size && pickles < MOST_PICKLES; pickles++) {
    const next = await scanOne(source, found.end);
    const counts = next.isWhole || next.verdict === 'malicious' || next.hasHeader;
    if (!counts) break;
    worst = worse(worst, next);
    found = next;
  }
  return { verdict: worst.verdict, message: worst.message, end: found.end };
}
