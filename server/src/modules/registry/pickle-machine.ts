import { ByteCursor, type ByteSource } from './byte-source.ts';
import { type GlobalVerdict, judgeGlobal } from './pickle-globals.ts';

/** A value as far as it matters which names are imported and how long an array is. */
export type Shadow =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'global'; readonly name: string }
  | { readonly kind: 'tuple'; readonly items: readonly Shadow[] }
  | { readonly kind: 'object'; readonly of: string; readonly args: readonly Shadow[]; state: Shadow }
  | { readonly kind: 'dict'; readonly entries: Map<string, Shadow> }
  | { readonly kind: 'mark' }
  | { readonly kind: 'other' };

export const other: Shadow = { kind: 'other' };

/** Longer texts are no names. */
const LONGEST_NAME = 1_000;
const LONGEST_LINE = 1_000_000;
/** More would be no description of a model but work for its own sake. */
const MOST_OPCODES = 50_000_000;

export class UnknownOpcode extends Error {}
export class TooMuch extends Error {}

/** What a stream imports, and what else makes it more than data. */
export interface PickleTraces {
  readonly globals: Map<string, GlobalVerdict>;
  readonly remarks: Set<string>;
  hasHeader: boolean;
  /** Whether anything that imports or calls was met. */
  acts: boolean;
}

type Step = (machine: PickleMachine) => void | Promise<void>;

/**
 * Follows a pickle opcode by opcode with shadows in place of values: nothing is imported, called or built. The opcodes
 * are those of Python's pickletools, protocols 0 to 5.
 */
export class PickleMachine {
  readonly cursor: ByteCursor;
  readonly traces: PickleTraces;
  stack: Shadow[] = [];
  memo = new Map<number, Shadow>();
  #opcodes = 0;

  constructor(source: ByteSource, at = 0, traces?: PickleTraces) {
    this.cursor = new ByteCursor(source, at);
    this.traces = traces ?? { globals: new Map(), remarks: new Set(), hasHeader: false, acts: false };
  }

  /** Runs to the end of one pickle. `afterBuild` may pass over bytes that are not opcodes. */
  async run(steps: ReadonlyMap<number, Step>, afterBuild: (built: Shadow) => Promise<void>): Promise<void> {
    for (;;) {
      const opcode = await this.cursor.byte();
      if (opcode === STOP) return;
      const step = steps.get(opcode);
      if (step === undefined) throw new UnknownOpcode();
      if (++this.#opcodes > MOST_OPCODES) throw new TooMuch();
      const work = step(this);
      if (work !== undefined) await work;
      if (opcode === BUILD) await afterBuild(this.stack.at(-1) ?? other);
    }
  }

  push(value: Shadow): void {
    this.stack.push(value);
  }

  pop(): Shadow {
    const value = this.stack.pop();
    if (value === undefined) throw new UnknownOpcode();
    return value;
  }

  popToMark(): Shadow[] {
    const at = this.stack.findLastIndex(({ kind }) => kind === 'mark');
    if (at === -1) throw new UnknownOpcode();
    const items = this.stack.splice(at).slice(1);
    return items;
  }

  remember(index: number): void {
    this.memo.set(index, this.stack.at(-1) ?? other);
  }

  recall(index: number): void {
    this.push(this.memo.get(index) ?? other);
  }

  async text(length: number): Promise<void> {
    if (length > LONGEST_NAME) {
      this.cursor.skip(length);
      this.push(other);
    } else {
      this.push({ kind: 'text', text: Buffer.from(await this.cursor.take(length)).toString('utf8') });
    }
  }

  async blob(length: number): Promise<void> {
    this.cursor.skip(length);
    this.push(other);
  }

  async line(): Promise<string> {
    return await this.cursor.line(LONGEST_LINE);
  }

  global(module: string, name: string): Shadow {
    const full = `${module}.${name}`;
    this.traces.acts = true;
    this.traces.globals.set(full, judgeGlobal(module, name));
    return { kind: 'global', name: full };
  }

  /** A call of whatever is there with these arguments. */
  call(callee: Shadow, args: readonly Shadow[]): Shadow {
    this.traces.acts = true;
    if (callee.kind !== 'global') this.traces.remarks.add('calls something that only running it would tell');
    return { kind: 'object', of: callee.kind === 'global' ? callee.name : '', args, state: other };
  }
}

const STOP = 0x2e;
const BUILD = 0x62;
