import { type ExactObject, type ExactValue, isExactObject, parseExact, pythonJson } from '#platform/exact-json';

/** What a list of traces shows of a request or an answer. */
export const LONGEST_PREVIEW = 1_000;

const isMessage = (item: ExactValue): item is ExactObject =>
  isExactObject(item) && Object.hasOwn(item, 'role') && Object.hasOwn(item, 'content');

/** The messages of a chat, in the shapes in which chat APIs wrap them. */
function messagesOf(value: ExactValue | undefined, depth = 0): readonly ExactObject[] {
  if (!isExactObject(value) || depth > 3) return [];
  const { messages, choices, input, output } = value;
  if (Array.isArray(messages) && messages.length > 0) return messages.filter(isMessage);
  const first: ExactValue = Array.isArray(choices) ? choices[0] : undefined;
  if (isExactObject(first) && isMessage(first['message'] ?? null)) return [first['message'] as ExactObject];
  for (const list of [input, output]) if (Array.isArray(list) && list.length > 0) return list.filter(isMessage);
  return messagesOf(value['request'], depth + 1);
}

function textOf({ content }: ExactObject): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  for (const part of content as readonly ExactValue[]) {
    if (typeof part === 'string') return part;
    if (!isExactObject(part) || !['text', 'output_text'].includes(String(part['type']))) continue;
    return typeof part['text'] === 'string' ? part['text'] : '';
  }
  return '';
}

function parsed(text: string): ExactValue {
  try {
    return parseExact(text);
  } catch {
    return null;
  }
}

/** The beginning of an input or output; of a chat only the last message of that role. */
export function previewOf(value: ExactValue | undefined, role: 'user' | 'assistant'): string | null {
  if (value === undefined) return null;
  const whole = pythonJson(value);
  const messages = messagesOf(typeof value === 'string' ? parsed(value) : value);
  const message = messages.findLast((one) => one['role'] === role) ?? messages.at(-1);
  const said = message === undefined ? '' : textOf(message);
  const text = said === '' ? whole : said;
  return text.length <= LONGEST_PREVIEW ? text : `${text.slice(0, LONGEST_PREVIEW - 3)}...`.toWellFormed();
}
