import { other, type PickleMachine, type Shadow, UnknownOpcode } from './pickle-machine.ts';

type Step = (machine: PickleMachine) => void | Promise<void>;

const code = (char: string): number => char.charCodeAt(0);
const itemsOf = (value: Shadow): readonly Shadow[] => (value.kind === 'tuple' ? value.items : []);

function setItems(machine: PickleMachine, pairs: readonly Shadow[]): void {
  const target = machine.stack.at(-1);
  if (target?.kind !== 'dict') return;
  for (let i = 0; i + 1 < pairs.length; i += 2) {
    const key = pairs[i]!;
    if (key.kind === 'text') target.entries.set(key.text, pairs[i + 1]!);
  }
}

function dictOf(pairs: readonly Shadow[]): Shadow {
  const entries = new Map<string, Shadow>();
  for (let i = 0; i + 1 < pairs.length; i += 2) {
    const key = pairs[i]!;
    if (key.kind === 'text') entries.set(key.text, pairs[i + 1]!);
  }
  return { kind: 'dict', entries };
}

/** Protocol 0 writes texts as Python literals. */
function literal(line: string): Shadow {
  const quoted = /^(['"])(.*)\1\r?$/s.exec(line);
  return {
    kind: 'text',
    text: (quoted?.[2] ?? line).replace(/\\x([0-9a-f]{2})/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    ),
  };
}

function stackGlobal(machine: PickleMachine): void {
  const [name, module] = [machine.pop(), machine.pop()];
  if (name.kind === 'text' && module.kind === 'text') machine.push(machine.global(module.text, name.text));
  else {
    machine.traces.acts = true;
    machine.traces.remarks.add('imports something whose name only running it would tell');
    machine.push(other);
  }
}

const extension =
  (bytes: 1 | 2 | 4): Step =>
  async (machine) => {
    await machine.cursor.number(bytes);
    machine.traces.acts = true;
    machine.traces.remarks.add('imports by an extension code, which means whatever the loading program registered');
    machine.push(other);
  };

/** A callee and its arguments, as REDUCE and NEWOBJ take them. */
function calling(machine: PickleMachine): void {
  const args = machine.pop();
  machine.push(machine.call(machine.pop(), itemsOf(args)));
}

function persistent(machine: PickleMachine): void {
  machine.traces.remarks.add('asks the loading program for objects by persistent ids');
  machine.push(other);
}

const pushing =
  (value: Shadow): Step =>
  (machine) =>
    machine.push(value);
const tuple =
  (size: number): Step =>
  (machine) => {
    const items = machine.stack.splice(machine.stack.length - size);
    if (items.length < size) throw new UnknownOpcode();
    machine.push({ kind: 'tuple', items });
  };
const number =
  (bytes: 1 | 2 | 4): Step =>
  async (machine) =>
    machine.push({ kind: 'number', value: await machine.cursor.number(bytes) });
const numberLine: Step = async (machine) => {
  const value = Number((await machine.line()).replace(/L?\r?$/, ''));
  machine.push(Number.isNaN(value) ? other : { kind: 'number', value });
};
const text =
  (bytes: 1 | 4 | 8): Step =>
  async (machine) =>
    await machine.text(await machine.cursor.number(bytes));
const blob =
  (bytes: 1 | 4 | 8): Step =>
  async (machine) =>
    await machine.blob(await machine.cursor.number(bytes));

/** A long integer; those that fit are kept, for they may be sizes. */
const long =
  (bytes: 1 | 4): Step =>
  async (machine) => {
    const length = await machine.cursor.number(bytes);
    if (length > 8 || length === 0) return await machine.blob(length);
    const taken = [...(await machine.cursor.take(length))];
    const value = taken.reduceRight((sum, byte) => sum * 256 + byte, 0);
    machine.push({ kind: 'number', value });
  };

const constants: readonly (readonly [number, Step])[] = [
  [code('N'), pushing(other)],
  [0x88, pushing(other)],
  [0x89, pushing(other)],
  [code('I'), numberLine],
  [code('F'), numberLine],
  [code('L'), numberLine],
  [code('J'), number(4)],
  [code('K'), number(1)],
  [code('M'), number(2)],
  [0x8a, long(1)],
  [0x8b, long(4)],
  [code('G'), async (machine) => await machine.blob(8)],
  [code('S'), async (machine) => machine.push(literal(await machine.line()))],
  [code('V'), async (machine) => machine.push({ kind: 'text', text: await machine.line() })],
  [code('T'), text(4)],
  [code('U'), text(1)],
  [code('X'), text(4)],
  [0x8c, text(1)],
  [0x8d, text(8)],
  [code('B'), blob(4)],
  [code('C'), blob(1)],
  [0x8e, blob(8)],
  [0x96, blob(8)],
  [0x97, pushing(other)],
  [0x98, () => undefined],
];

const collect: Step = (machine) => {
  machine.popToMark();
  machine.push(other);
};

const containers: readonly (readonly [number, Step])[] = [
  [code('('), pushing({ kind: 'mark' })],
  [code(')'), pushing({ kind: 'tuple', items: [] })],
  [code(']'), pushing(other)],
  [0x8f, pushing(other)],
  [code('}'), (machine) => machine.push({ kind: 'dict', entries: new Map() })],
  [code('t'), (machine) => machine.push({ kind: 'tuple', items: machine.popToMark() })],
  [0x85, tuple(1)],
  [0x86, tuple(2)],
  [0x87, tuple(3)],
  [code('d'), (machine) => machine.push(dictOf(machine.popToMark()))],
  [code('l'), collect],
  [0x91, collect],
  [code('a'), (machine) => void machine.pop()],
  [code('e'), (machine) => void machine.popToMark()],
  [0x90, (machine) => void machine.popToMark()],
  [code('s'), (machine) => setItems(machine, [machine.pop(), machine.pop()].reverse())],
  [code('u'), (machine) => setItems(machine, machine.popToMark())],
  [code('0'), (machine) => void machine.pop()],
  [code('1'), (machine) => void machine.popToMark()],
  [code('2'), (machine) => machine.push(machine.stack.at(-1) ?? other)],
];

const memory: readonly (readonly [number, Step])[] = [
  [code('p'), async (machine) => machine.remember(Number(await machine.line()))],
  [code('q'), async (machine) => machine.remember(await machine.cursor.number(1))],
  [code('r'), async (machine) => machine.remember(await machine.cursor.number(4))],
  [0x94, (machine) => machine.remember(machine.memo.size)],
  [code('g'), async (machine) => machine.recall(Number(await machine.line()))],
  [code('h'), async (machine) => machine.recall(await machine.cursor.number(1))],
  [code('j'), async (machine) => machine.recall(await machine.cursor.number(4))],
  [0x95, async (machine) => void (await machine.cursor.number(8))],
  [
    0x80,
    async (machine) => {
      if ((await machine.cursor.byte()) > 5) throw new UnknownOpcode();
      machine.traces.hasHeader = true;
    },
  ],
];

const actions: readonly (readonly [number, Step])[] = [
  [code('c'), async (machine) => machine.push(machine.global(await machine.line(), await machine.line()))],
  [0x93, stackGlobal],
  [
    code('i'),
    async (machine) => {
      const callee = machine.global(await machine.line(), await machine.line());
      machine.push(machine.call(callee, machine.popToMark()));
    },
  ],
  [
    code('o'),
    (machine) => {
      const [callee = other, ...args] = machine.popToMark();
      machine.push(machine.call(callee, args));
    },
  ],
  [code('R'), calling],
  [0x81, calling],
  [
    0x92,
    (machine) => {
      machine.pop();
      calling(machine);
    },
  ],
  [
    code('b'),
    (machine) => {
      const state = machine.pop();
      const built = machine.stack.at(-1);
      if (built?.kind === 'object') built.state = state;
    },
  ],
  [
    code('P'),
    async (machine) => {
      await machine.line();
      persistent(machine);
    },
  ],
  [
    code('Q'),
    (machine) => {
      machine.pop();
      persistent(machine);
    },
  ],
  [0x82, extension(1)],
  [0x83, extension(2)],
  [0x84, extension(4)],
];

/** What each opcode does to the stack of shadows. */
export const pickleSteps: ReadonlyMap<number, Step> = new Map([...constants, ...containers, ...memory, ...actions]);
