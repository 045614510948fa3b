import type { MonitorDefinition } from '@flyball/api';
import type { AlertRule } from '@flyball/stats';

type Rule = MonitorDefinition['rules'][number];

export interface JudgedValue {
  readonly rule: AlertRule;
  /** What the rule looks at: the value, or its distance from the reference. */
  readonly value: number | null;
  /** The bound in the unit of the signal, for messages. */
  readonly bound: number;
}

/**
 * The rule that applies to a value whose reference is known. Bounds relative to a reference are factors of it; `away`
 * looks at the distance from the reference (or from zero) on either side.
 */
export function judgedValue(rule: Rule, value: number | null, reference: number | null): JudgedValue | null {
  const relative = rule.relativeTo === 'reference';
  if (relative && reference === null) return null;
  const scale = relative ? reference! : 1;
  const direction = rule.direction === 'below' ? 'below' : 'above';
  const clear = rule.clearBound ?? rule.bound;
  const raiseAt = rule.direction === 'away' ? Math.abs(rule.bound * scale) : rule.bound * scale;
  const clearAt = rule.direction === 'away' ? Math.abs(clear * scale) : clear * scale;
  const centre = rule.direction === 'away' ? (reference ?? 0) : 0;
  const looked = value === null ? null : rule.direction === 'away' ? Math.abs(value - centre) : value;
  return {
    rule: {
      direction,
      raiseAt,
      clearAt: direction === 'above' ? Math.min(clearAt, raiseAt) : Math.max(clearAt, raiseAt),
      raiseCount: Math.min(rule.for, rule.of),
      raiseWindow: rule.of,
      clearCount: rule.clearAfter,
    },
    value: looked,
    bound: raiseAt,
  };
}
