/** What a cell of a notebook put out, as the best that can be shown safely. */
export type NotebookOutput =
  | { readonly kind: 'text' | 'error' | 'html'; readonly text: string }
  | { readonly kind: 'image'; readonly base64: string; readonly ending: 'png' | 'jpg' };

export interface NotebookCell {
  readonly kind: 'markdown' | 'code' | 'raw';
  readonly text: string;
  /** In which turn it ran. */
  readonly turn: number | null;
  readonly outputs: readonly NotebookOutput[];
}

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const textOf = (value: unknown): string =>
  Array.isArray(value) ? value.map(textOf).join('') : typeof value === 'string' ? value : '';

/** Colours of a terminal say nothing here. */
const escapes = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*[A-Za-z]`, 'g');
const plain = (text: string): string => text.replace(escapes, '');

function outputOf(output: unknown): NotebookOutput | null {
  if (!isObject(output)) return null;
  if (output['output_type'] === 'stream') return { kind: 'text', text: plain(textOf(output['text'])) };
  if (output['output_type'] === 'error') {
    const trace = listOf(output['traceback']).map(textOf).join('\n');
    return { kind: 'error', text: plain(trace || `${textOf(output['ename'])}: ${textOf(output['evalue'])}`) };
  }
  const data = isObject(output['data']) ? output['data'] : {};
  for (const [type, ending] of [
    ['image/png', 'png'],
    ['image/jpeg', 'jpg'],
  ] as const) {
    const base64 = textOf(data[type]).replace(/\s/g, '');
    if (base64 !== '') return { kind: 'image', base64, ending };
  }
  if (data['text/html'] !== undefined) return { kind: 'html', text: textOf(data['text/html']) };
  return data['text/plain'] === undefined ? null : { kind: 'text', text: plain(textOf(data['text/plain'])) };
}

function cellOf(cell: unknown): NotebookCell | null {
  if (!isObject(cell)) return null;
  const type = cell['cell_type'];
  const kind = type === 'markdown' || type === 'code' ? type : 'raw';
  const turn = cell['execution_count'];
  return {
    kind,
    text: textOf(cell['source']),
    turn: typeof turn === 'number' ? turn : null,
    outputs: listOf(cell['outputs']).flatMap((output) => outputOf(output) ?? []),
  };
}

/** The cells of a notebook in nbformat 4; null where the text is none. */
export function readNotebook(text: string): NotebookCell[] | null {
  try {
    const notebook: unknown = JSON.parse(text);
    if (!isObject(notebook) || !Array.isArray(notebook['cells'])) return null;
    return notebook['cells'].flatMap((cell) => cellOf(cell) ?? []);
  } catch {
    return null;
  }
}
