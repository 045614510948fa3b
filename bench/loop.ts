// The stages of the loop on three million real flights: each beside what bounds it, measured with the bare library in
// the same run, and beside a peer where there is one. Turns alternate; medians are compared. Writes
// bench/results/loop.json, unless only some parts are asked for: node bench/loop.ts [part…].
import { addDatasetStage, contractStage } from './loop/data-stages.ts';
import { lookupStage, trainingSetStage } from './loop/feature-stages.ts';
import { type LoopWorld, openLoopWorld } from './loop/loop-world.ts';
import { modelStages } from './loop/model-stages.ts';
import { driftStage, signalsStage } from './loop/monitoring-stages.ts';
import { pipelineStages } from './loop/pipeline-stages.ts';
import { predictionStage, rolloutStage } from './loop/serving-stages.ts';
import { writeReport } from './report/write-report.ts';

type Part = (world: LoopWorld) => Promise<object[]>;

/** All follow the stage that adds the dataset. */
const parts: Readonly<Record<string, Part>> = {
  contract: async (world) => [await contractStage(world)],
  pipelines: async (world) => await pipelineStages(world),
  'training-set': async (world) => [await trainingSetStage(world)],
  lookup: async (world) => [await lookupStage(world)],
  models: async (world) => {
    const models = await modelStages(world);
    const prediction = await predictionStage(world, models.modelFile);
    const monitoring = [await signalsStage(world), await driftStage(world)];
    return [...models.stages, prediction, ...monitoring, await rolloutStage(world)];
  },
};

async function run(wanted: readonly string[]): Promise<void> {
  const started = performance.now();
  const world = await openLoopWorld();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void world.close().finally(() => process.exit(1)));
  }
  try {
    const stages: object[] = [await addDatasetStage(world)];
    for (const [name, part] of Object.entries(parts)) {
      if (wanted.length === 0 || wanted.includes(name)) stages.push(...(await part(world)));
    }
    if (wanted.length > 0) return;
    writeReport('loop', {
      versions: await world.peer.versions(),
      data: 'vega-datasets data/flights-3m.parquet (US Bureau of Transportation Statistics)',
      stages,
      seconds: Math.round((performance.now() - started) / 1000),
    });
  } finally {
    await world.close();
  }
}

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in parts));
if (unknown.length > 0) {
  process.stderr.write(`No part called ${unknown.join(', ')}; there are: ${Object.keys(parts).join(', ')}.\n`);
  process.exitCode = 1;
} else await run(asked);
