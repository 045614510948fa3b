import { deepEqual, doesNotThrow, equal, throws } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StepDefinition } from '@flyball/api';
import fc from 'fast-check';
import { isTruthy, referencesIn, resolveReferences } from './reference.ts';
import { checkGraph } from './step-graph.ts';
import { finalState, nextSteps, type StepState } from './step-readiness.ts';

const step = (id: string, needs: string[] = [], more: object = {}) =>
  StepDefinition.parse({ id, uses: 'test.do', needs, ...more });
const actions = new Set(['test.do']);
const ref = (path: string): string => `\${${path}}`;

describe('steps of a pipeline', () => {
  describe('the graph of a pipeline', () => {
    it('is refused when steps wait for each other, naming them', () => {
      throws(() => checkGraph([step('a', ['c']), step('b', ['a']), step('c', ['b'])], actions), /a → c → b → a/);
    });

    it('is refused for an unknown step, an unknown action, two ids alike, and a step that does nothing', () => {
      throws(() => checkGraph([step('a', ['x'])], actions), /body\.steps\[0\]\.needs: There is no step "x"/);
      throws(() => checkGraph([step('a', [], { uses: 'no.such' })], actions), /no action "no\.such"/);
      throws(() => checkGraph([step('a'), step('a')], actions), /same id/);
      throws(() => checkGraph([StepDefinition.parse({ id: 'a' })], actions), /either "uses" or "command"/);
    });

    it('lets a step refer only to steps that have ended before it', () => {
      const reading = { with: { rows: ref('steps.a.outputs.rows') } };
      doesNotThrow(() => checkGraph([step('a'), step('b', ['a']), step('c', ['b'], reading)], actions));
      throws(() => checkGraph([step('a'), step('c', [], reading)], actions), /needs that step/);
      throws(() => checkGraph([step('a', [], { with: { x: ref('env.SECRET') } })], actions), /is not params/);
    });
  });

  describe('references', () => {
    const scope = {
      params: { days: 3, event: { at: 'now' } },
      run: { id: 'r1' },
      steps: { a: { outputs: { rows: 5 } } },
    };

    it('keep the type of what they point to when they stand alone, and become text inside text', () => {
      deepEqual(
        resolveReferences(
          {
            n: ref('params.days'),
            text: `last ${ref('params.days')} of ${ref('run.id')}`,
            list: [ref('steps.a.outputs.rows')],
          },
          scope,
        ),
        {
          n: 3,
          text: 'last 3 of r1',
          list: [5],
        },
      );
    });

    it('become null where nothing is, and never reach what an object inherits', () => {
      equal(resolveReferences(ref('steps.b.outputs.rows'), scope), null);
      equal(resolveReferences(ref('params.constructor'), scope), null);
      equal(resolveReferences(ref('params.__proto__'), scope), null);
    });

    it('are found wherever they stand', () => {
      deepEqual(referencesIn({ a: [ref('x.y'), { b: `z ${ref('run.id')}` }], c: 1 }), ['x.y', 'run.id']);
    });

    it('decide whether a step runs', () => {
      equal(isTruthy(ref('steps.a.outputs.rows'), scope), true);
      equal(isTruthy(ref('steps.a.outputs.nothing'), scope), false);
      throws(() => isTruthy('yes', scope), /no reference/);
    });
  });

  describe('readiness', () => {
    const graph = [
      step('a'),
      step('b', ['a']),
      step('c', ['a']),
      step('d', ['b', 'c']),
      step('last', ['d'], { rule: 'always' }),
    ];
    const standing = (states: Record<string, StepState>) =>
      graph.map(({ id }) => ({ id, state: states[id] ?? ('pending' as const) }));

    it('waits for all that a step needs', () => {
      deepEqual(nextSteps(graph, standing({ a: 'succeeded', b: 'running' })), { ready: ['c'], skipped: [] });
      deepEqual(nextSteps(graph, standing({ a: 'succeeded', b: 'succeeded', c: 'succeeded' })).ready, ['d']);
    });

    it('skips what depends on a failure, but for what runs always', () => {
      const next = nextSteps(graph, standing({ a: 'succeeded', b: 'failed', c: 'succeeded' }));
      deepEqual(next, { ready: ['last'], skipped: ['d'] });
    });

    it('ends a run as failed when a step has failed, and only when all have ended', () => {
      equal(
        finalState([
          { id: 'a', state: 'succeeded' },
          { id: 'b', state: 'running' },
        ]),
        null,
      );
      equal(
        finalState([
          { id: 'a', state: 'succeeded' },
          { id: 'b', state: 'skipped' },
        ]),
        'succeeded',
      );
      equal(
        finalState([
          { id: 'a', state: 'failed' },
          { id: 'b', state: 'skipped' },
        ]),
        'failed',
      );
    });

    it('runs every step of any graph exactly once, in an order that respects it', () => {
      const graphs = fc.array(fc.array(fc.nat(30), { maxLength: 4 }), { minLength: 1, maxLength: 15 });
      fc.assert(
        fc.property(graphs, (needs) => {
          const steps = needs.map((of, i) =>
            step(`s${i}`, i === 0 ? [] : [...new Set(of.map((need) => `s${need % i}`))]),
          );
          const states = new Map<string, StepState>(steps.map(({ id }) => [id, 'pending']));
          let done = 0;
          for (let round = 0; round <= steps.length; round++) {
            const { ready } = nextSteps(
              steps,
              [...states].map(([id, state]) => ({ id, state })),
            );
            for (const id of ready) {
              const before = steps.find((one) => one.id === id)!.needs;
              equal(
                before.every((need) => states.get(need) === 'succeeded'),
                true,
              );
              states.set(id, 'succeeded');
              done++;
            }
          }
          equal(done, steps.length);
        }),
      );
    });
  });
});
