import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ExactObject } from '#platform/exact-json';
import type { Span, SpanEvent } from './span-content.ts';
import { withConventions } from './span-conventions.ts';

const span = (attributes: ExactObject, events: readonly SpanEvent[] = []): Span => ({
  traceId: '1'.padStart(32, '0'),
  spanId: '1'.padStart(16, '0'),
  parentId: null,
  name: 's',
  startNs: 1n,
  endNs: 2n,
  status: { code: 'OK', message: '' },
  attributes,
  events,
  links: [],
});

describe('what other conventions say of a span', () => {
  it("is read from OpenTelemetry's names for generative AI", () => {
    const own = {
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'm',
      'gen_ai.provider.name': 'p',
      'gen_ai.input.messages': [{ role: 'user', content: 'hi' }],
      'gen_ai.usage.input_tokens': 3n,
      'gen_ai.usage.output_tokens': '4',
    };
    assert.deepEqual(withConventions(span(own)).attributes, {
      ...own,
      'mlflow.spanInputs': [{ role: 'user', content: 'hi' }],
      'mlflow.chat.tokenUsage': { input_tokens: 3n, output_tokens: 4n, total_tokens: 7n },
      'mlflow.llm.model': 'm',
      'mlflow.llm.provider': 'p',
      'mlflow.spanType': 'CHAT_MODEL',
    });
  });

  it("is read from OpenInference's names, and from messages in events", () => {
    const { attributes } = withConventions(
      span({ 'openinference.span.kind': 'RETRIEVER', 'input.value': 'q', 'mlflow.spanType': 'UNKNOWN' }, [
        { name: 'gen_ai.choice', timeNs: 1n, attributes: { content: 'a' } },
      ]),
    );
    assert.equal(attributes['mlflow.spanType'], 'RETRIEVER');
    assert.equal(attributes['mlflow.spanInputs'], 'q');
    assert.deepEqual(attributes['mlflow.spanOutputs'], [{ role: 'assistant', content: 'a' }]);
  });

  it('never replaces what the span says itself', () => {
    const own = {
      'mlflow.spanType': 'TOOL',
      'gen_ai.operation.name': 'chat',
      'mlflow.spanInputs': 1n,
      'input.value': 2n,
    };
    const said = span(own);
    assert.equal(withConventions(said), said);
  });
});
