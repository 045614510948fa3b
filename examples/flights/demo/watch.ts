import type { Flyball } from '@flyball/sdk';

const DAY_MS = 86_400_000;

type Rollout = Awaited<ReturnType<Flyball['listRollouts']>>['items'][number];

/** Follows what the platform does and tells it once a simulated day. */
export class Watch {
  readonly #flyball: Flyball;
  readonly #say: (line: string) => void;
  readonly #told = new Set<string>();

  constructor(flyball: Flyball, say: (line: string) => void) {
    this.#flyball = flyball;
    this.#say = say;
  }

  async look(now: number): Promise<void> {
    if (now % DAY_MS !== 0) return;
    const day = new Date(now).toISOString().slice(0, 10);
    for (const line of await this.#news()) this.#say(`  ${day}  ${line}`);
  }

  async #news(): Promise<string[]> {
    const flyball = this.#flyball;
    const { items: alerts } = await flyball.listAlerts({ query: { limit: 50 } });
    const rollouts = await this.rollouts();
    const { items: runs } = await flyball.listPipelineRuns({ query: { limit: 20 } });
    const lines: [key: string, text: string][] = [
      ...alerts.map(({ id, message }): [string, string] => [`alert ${id}`, `alert: ${message}`]),
      ...runs.map(({ id, state, trigger, steps }): [string, string] => {
        const improves = steps.find((step) => step.id === 'select')?.outputs['improves'];
        const found = improves === false ? ', nothing better than the champion' : '';
        return [`run ${id} ${state}`, `retraining ${state} (${trigger.kind})${found}`];
      }),
      ...rollouts.map((rollout): [string, string] => [
        `rollout ${rollout.id} ${rollout.state} ${rollout.step}`,
        describe(rollout),
      ]),
    ];
    const fresh = lines.filter(([key]) => !this.#told.has(key));
    for (const [key] of fresh) this.#told.add(key);
    return fresh.reverse().map(([, text]) => text);
  }

  async rollouts(): Promise<Rollout[]> {
    const found = await this.#flyball.listRollouts({
      params: { endpoint: 'flight-delay' },
      query: { limit: 100 },
    });
    return found.items;
  }

  /** How often things have happened since the beginning. */
  async facts() {
    const flyball = this.#flyball;
    const { items: alerts } = await flyball.listAlerts({ query: { limit: 1000 } });
    const { items: runs } = await flyball.listPipelineRuns({ query: { limit: 1000 } });
    const rollouts = await this.rollouts();
    return {
      alerts: alerts.length,
      retrainings: runs.filter(({ trigger }) => trigger.kind === 'event').length,
      promotions: rollouts.filter(({ state, champion }) => state === 'promoted' && champion !== null).length,
      rollbacks: rollouts.filter(({ state }) => state === 'rolled_back').length,
    };
  }
}

function describe({ candidate, state, step, plan, reason }: Rollout): string {
  if (state !== 'running') return `version ${candidate} ${state.replace('_', ' ')}: ${reason}`;
  const weight = plan.steps[step]?.weight ?? 0;
  return `version ${candidate} ${weight === 0 ? 'in the shadow' : `answers ${weight * 100} %`}`;
}
