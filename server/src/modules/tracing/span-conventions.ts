import type { ExactObject, ExactValue } from '#platform/exact-json';
import { type Span, type SpanEvent, spanKey } from './span-content.ts';

/** Where instrumentations that know nothing of MLflow write what a span of an application is about. */
interface Convention {
  readonly kind: string;
  readonly types: Readonly<Record<string, string>>;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly model: readonly string[];
  readonly provider: readonly string[];
  readonly tokens: Readonly<Record<string, readonly string[]>>;
}

const conventions: readonly Convention[] = [
  // OpenTelemetry's semantic conventions for generative AI.
  {
    kind: 'gen_ai.operation.name',
    types: {
      chat: 'CHAT_MODEL',
      create_agent: 'AGENT',
      invoke_agent: 'AGENT',
      embeddings: 'EMBEDDING',
      execute_tool: 'TOOL',
      generate_content: 'LLM',
      text_completion: 'LLM',
    },
    inputs: ['gen_ai.input.messages', 'gen_ai.tool.call.arguments'],
    outputs: ['gen_ai.output.messages', 'gen_ai.tool.call.result'],
    model: ['gen_ai.response.model', 'gen_ai.request.model'],
    provider: ['gen_ai.provider.name'],
    tokens: {
      input_tokens: ['gen_ai.usage.input_tokens'],
      output_tokens: ['gen_ai.usage.output_tokens'],
      cache_read_input_tokens: ['gen_ai.usage.cache_read.input_tokens'],
      cache_creation_input_tokens: [
        'gen_ai.usage.cache_write.input_tokens',
        'gen_ai.usage.cache_creation.input_tokens',
      ],
    },
  },
  // OpenInference.
  {
    kind: 'openinference.span.kind',
    types: {
      TOOL: 'TOOL',
      CHAIN: 'CHAIN',
      LLM: 'LLM',
      RETRIEVER: 'RETRIEVER',
      EMBEDDING: 'EMBEDDING',
      AGENT: 'AGENT',
      RERANKER: 'RERANKER',
      GUARDRAIL: 'GUARDRAIL',
      EVALUATOR: 'EVALUATOR',
    },
    inputs: ['input.value'],
    outputs: ['output.value'],
    model: ['llm.model_name', 'embedding.model_name'],
    provider: ['llm.provider'],
    tokens: {
      input_tokens: ['llm.token_count.prompt'],
      output_tokens: ['llm.token_count.completion'],
      total_tokens: ['llm.token_count.total'],
    },
  },
];

const isSaid = (value: ExactValue | undefined): value is ExactValue =>
  value !== undefined && value !== null && value !== '';

/** The first of the keys, of whichever convention, that says something. */
function firstSaid(attributes: ExactObject, keysOf: (of: Convention) => readonly string[]): ExactValue | undefined {
  for (const convention of conventions) {
    for (const key of keysOf(convention)) if (isSaid(attributes[key])) return attributes[key];
  }
  return undefined;
}

function typeSaid(attributes: ExactObject): string | undefined {
  for (const { kind, types } of conventions) {
    const said = attributes[kind];
    if (typeof said === 'string' && Object.hasOwn(types, said)) return types[said];
  }
  return undefined;
}

function countOf(value: ExactValue | undefined): bigint | undefined {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? BigInt(value) : undefined;
}

/** What the first convention that counts tokens counts; a total is added up where none is said. */
function usageSaid(attributes: ExactObject): ExactObject | undefined {
  for (const { tokens } of conventions) {
    const counts: Record<string, bigint> = {};
    for (const [name, keys] of Object.entries(tokens)) {
      const count = keys.map((key) => countOf(attributes[key])).find((one) => one !== undefined);
      if (count !== undefined) counts[name] = count;
    }
    const { input_tokens: input, output_tokens: output, total_tokens: total } = counts;
    if (input === undefined && output === undefined && total === undefined) continue;
    if (total !== undefined || input === undefined || output === undefined) return counts;
    return { ...counts, total_tokens: input + output };
  }
  return undefined;
}

const roles: Readonly<Record<string, string>> = {
  'gen_ai.system.message': 'system',
  'gen_ai.user.message': 'user',
  'gen_ai.assistant.message': 'assistant',
};

/** Some instrumentations write each message as an event. */
function messagesIn(events: readonly SpanEvent[], side: 'input' | 'output'): ExactValue | undefined {
  const messages = events.flatMap(({ name, attributes }) => {
    const content = attributes['content'];
    const role = side === 'input' ? roles[name] : (attributes['role'] ?? 'assistant');
    if (!isSaid(content) || role === undefined || (side === 'output' && name !== 'gen_ai.choice')) return [];
    return [{ role, content }];
  });
  return messages.length === 0 ? undefined : messages;
}

/** The span with what other conventions say of it under MLflow's names too; what it says in those itself stays. */
export function withConventions(span: Span): Span {
  const { attributes, events } = span;
  const said: Readonly<Record<string, ExactValue | undefined>> = {
    [spanKey.inputs]: firstSaid(attributes, ({ inputs }) => inputs) ?? messagesIn(events, 'input'),
    [spanKey.outputs]: firstSaid(attributes, ({ outputs }) => outputs) ?? messagesIn(events, 'output'),
    [spanKey.usage]: usageSaid(attributes),
    [spanKey.model]: firstSaid(attributes, ({ model }) => model),
    [spanKey.provider]: firstSaid(attributes, ({ provider }) => provider),
  };
  const more = Object.entries(said).filter(([key, value]) => value !== undefined && !Object.hasOwn(attributes, key));
  const type = typeSaid(attributes);
  const known = attributes[spanKey.type];
  if (type !== undefined && (known === undefined || known === 'UNKNOWN')) more.push([spanKey.type, type]);
  if (more.length === 0) return span;
  return { ...span, attributes: { ...attributes, ...(Object.fromEntries(more) as ExactObject) } };
}
