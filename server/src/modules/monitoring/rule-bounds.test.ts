import { equal } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MonitorDefinition } from '@flyball/api';
import { judgedValue } from './rule-bounds.ts';

const rule = (more: object) =>
  MonitorDefinition.shape.rules.unwrap().element.parse({ id: 'r', signal: 's', bound: 0.1, ...more });

describe('the bounds of a rule', () => {
  it('are absolute, or factors of the reference', () => {
    equal(judgedValue(rule({}), 0.2, null)?.bound, 0.1);
    equal(judgedValue(rule({ bound: 1.1, relativeTo: 'reference' }), 0.5, 0.4)?.bound.toFixed(6), '0.440000');
  });

  it('say nothing while the reference they need is unknown', () => {
    equal(judgedValue(rule({ relativeTo: 'reference' }), 0.5, null), null);
  });

  it('look at the distance from the reference on either side', () => {
    const judged = judgedValue(rule({ direction: 'away', bound: 0.05 }), 0.3, 0.4);
    equal(judged?.value?.toFixed(6), '0.100000');
    equal(judged?.rule.direction, 'above');
  });

  it('never clear on the bad side of where they raise', () => {
    equal(judgedValue(rule({ clearBound: 0.5 }), 0.2, null)?.rule.clearAt, 0.1);
    equal(judgedValue(rule({ direction: 'below', clearBound: 0.01 }), 0.2, null)?.rule.clearAt, 0.1);
  });
});
