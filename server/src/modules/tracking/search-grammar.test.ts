import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { experimentGrammar, runGrammar } from './run-grammar.ts';
import { parseSearchFilter, parseSearchOrder } from './search-grammar.ts';

const parsed = (filter: string) =>
  parseSearchFilter(filter, runGrammar).map(({ entity, key, comparator, value }) => [entity, key, comparator, value]);

describe('the search language', () => {
  it('reads entities, quoting, comparators and values', () => {
    for (const [filter, ...conditions] of [
      ['', []],
      ['metrics.acc > 0.9', ['metric', 'acc', '>', 0.9]],
      ['metric.a>=-1.5e3 and metrics.b<.5', ['metric', 'a', '>=', -1500], ['metric', 'b', '<', 0.5]],
      ["params.lr = '0.1'", ['parameter', 'lr', '=', '0.1']],
      ['parameters.x = "y"', ['parameter', 'x', '=', 'y']],
      ["tags.mlflow.user != 'ä'", ['tag', 'mlflow.user', '!=', 'ä']],
      ['tags."a b" LIKE \'%x\'', ['tag', 'a b', 'LIKE', '%x']],
      ["tag.`a/b` ilike 'x'", ['tag', 'a/b', 'ILIKE', 'x']],
      [
        'params.a IS NULL AND tags.b is not null',
        ['parameter', 'a', 'IS NULL', null],
        ['tag', 'b', 'IS NOT NULL', null],
      ],
      ['run_id IN (\'a\', "b")', ['attribute', 'run_id', 'IN', ['a', 'b']]],
      ["run_id NOT IN ('a')", ['attribute', 'run_id', 'NOT IN', ['a']]],
      [
        "status = 'FINISHED' AND Created > 12",
        ['attribute', 'status', '=', 'FINISHED'],
        ['attribute', 'start_time', '>', 12],
      ],
      ["`run name` = 'x'", ['attribute', 'run_name', '=', 'x']],
      ["datasets.context IN ('train')", ['dataset', 'context', 'IN', ['train']]],
      ["tags.x = 'it''s'", ['tag', 'x', '=', "it''s"]],
      ["AND params.a = 'x' params.b = 'y' AND", ['parameter', 'a', '=', 'x'], ['parameter', 'b', '=', 'y']],
      ["tags.order = '1'", ['tag', 'order', '=', '1']],
    ] as const) {
      const expected = filter === '' ? [] : conditions;
      assert.deepEqual(parsed(filter), expected, filter);
    }
  });

  it("refuses everything else in MLflow's words", () => {
    for (const [filter, message] of [
      ["params.a = 'x' OR params.b = 'y'", "Invalid clause(s) in filter string: 'OR'"],
      ["(params.a = 'x')", "Invalid clause(s) in filter string: '(params.a = 'x')'"],
      ['params.a', "Invalid clause(s) in filter string: 'params.a'"],
      ['params.a = ', "Invalid clause(s) in filter string: 'params.a', '='"],
      ["params.a = 'x", "Invalid clause(s) in filter string: 'params.a', '=', ''', 'x'"],
      ["a.b = 'x'", "Invalid entity type 'a'. Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']"],
      ["metrics.a > 'x'", "Expected numeric value type for metric. Found 'x'"],
      ['params.a = 1', "Expected a quoted string value for parameter (e.g. 'my-value'). Got value 1"],
      ['metrics.val-acc > 1', "Invalid comparison clause. Expected 'Identifier' found 'metrics.val-acc'"],
      ["status IN ('a')", "Only ['run_id'] attributes support comparison with a list of quoted string values."],
      ["params.a = 'x'; params.b = 'y'", /^Search filter contained multiple expression/],
      ["foo = 'x'", /^Invalid attribute key 'foo' specified\. Valid keys are '/],
      ["params.a > 'x'", /^Invalid comparator '>' not one of '/],
      ["params.a == 'x'", /^Invalid comparator '==' not one of '/],
      ['metrics.a IS NULL', /^IS NULL \/ IS NOT NULL is only supported for tags and params/],
      ['run_id IN ()', /expected a non-empty list of string values, but got empty list$/],
      ["tags.a IN ('x')", /^Expected a quoted string value for tag/],
    ] as const) {
      assert.throws(() => parsed(filter), { code: 'invalid_input', message }, filter);
    }
    const name = "Invalid attribute key 'start_time' specified. Valid keys are ";
    assert.throws(
      () => parseSearchFilter('start_time > 1', experimentGrammar),
      ({ message }: Error) => message.startsWith(name),
    );
  });

  it('refuses huge filters at once', () => {
    for (const filter of [
      'x'.repeat(1_000_000),
      `${"params.a = 'x' AND ".repeat(10_000)}params.b = 'y'`,
      `params.a = ${"'".repeat(99_999)}`,
      `tags.${'`'.repeat(50_001)} = 'x'`,
      "\\'".repeat(49_999),
    ]) {
      const start = performance.now();
      assert.throws(() => parsed(filter), { code: 'invalid_input' });
      assert.ok(performance.now() - start < 50, `${filter.slice(0, 10)} took ${performance.now() - start} ms`);
    }
  });

  it('answers any text with conditions or an invalid_input', () => {
    const word = fc.constantFrom(
      'params.a',
      'metrics.b',
      "'x'",
      '"y"',
      '`',
      '=',
      '>',
      '!=',
      'AND',
      'IN',
      'IS',
      'NULL',
      '(',
      ')',
      '1',
      '-',
      ';',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(word, { maxLength: 12 }).map((words) => words.join(' ')),
    );
    fc.assert(
      fc.property(text, (filter) => {
        try {
          parsed(filter);
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'invalid_input');
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('reads orders and refuses the same one twice', () => {
    const orders = parseSearchOrder(['metrics.`a b` DESC', 'created', 'params."x" asc'], runGrammar);
    assert.deepEqual(
      orders.map(({ entity, key, ascending }) => [entity, key, ascending]),
      [
        ['metric', 'a b', false],
        ['attribute', 'start_time', true],
        ['parameter', 'x', true],
      ],
    );
    for (const [clause, message] of [
      ['metrics.a FOO', "Invalid ordering key in order_by clause 'metrics.a FOO'."],
      ['metrics.a b c', "Invalid order_by clause 'metrics.a b c'. Could not be parsed."],
      ['', "Invalid order_by clause ''. Could not be parsed."],
      ['nothing', /^Invalid attribute key 'nothing' specified/],
    ] as const) {
      assert.throws(() => parseSearchOrder([clause], runGrammar), { message });
    }
    assert.throws(() => parseSearchOrder(['start_time', 'created'], runGrammar), {
      message: /`order_by` contains duplicate fields/,
    });
  });
});
