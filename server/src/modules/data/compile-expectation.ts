import type { Expectation } from '@flyball/api';
import { compileAggregateRule } from './aggregate-rule.ts';
import type { Column } from './column-type.ts';
import type { CompiledRule } from './compiled-rule.ts';
import { compileGroupRule } from './group-rule.ts';
import { compileRowRule } from './row-rule.ts';

export interface RuleSurroundings {
  readonly columns: readonly Column[];
  /** Whether the version had rows before the batch. */
  readonly hasEarlier: boolean;
  /** What freshness is measured against. */
  readonly asOf: Date;
}

/** An expectation as SQL over `data` and `earlier`. */
export function compileExpectation(
  expectation: Expectation,
  { columns, hasEarlier, asOf }: RuleSurroundings,
): CompiledRule {
  switch (expectation.kind) {
    case 'row_count':
    case 'fresh':
    case 'mean':
    case 'stdev':
    case 'sum':
    case 'quantile':
    case 'distinct_count':
    case 'of_type':
    case 'schema':
      return compileAggregateRule(expectation, columns, asOf);
    case 'unique':
    case 'compound_unique':
    case 'duplicate_rows':
    case 'custom_sql':
      return compileGroupRule(expectation, columns, hasEarlier);
    default:
      return compileRowRule(expectation, columns);
  }
}
