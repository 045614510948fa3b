// The stages of the loop on three million real flights: each beside what bounds it, measured with the bare library in
// the same run, and beside a peer where there is one. Turns alternate; medians are compared. Writes
// bench/results/loop.json.
import { addDatasetStage, contractStage } from './loop/data-stages.ts';
import { lookupStage, trainingSetStage } from './loop/feature-stages.ts';
import { openLoopWorld } from './loop/loop-world.ts';
import { modelStages } from './loop/model-stages.ts';
import { driftStage, signalsStage } from './loop/monitoring-stages.ts';
import { pipelineStages } from './loop/pipeline-stages.ts';
import { predictionStage, rolloutStage } from './loop/serving-stages.ts';
import { writeReport } from './report/write-report.ts';

const started = performance.now();
const world = await openLoopWorld();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void world.close().finally(() => process.exit(1)));
}
try {
  const stages: object[] = [];
  stages.push(await addDatasetStage(world));
  stages.push(await contractStage(world));
  stages.push(...(await pipelineStages(world)));
  stages.push(await trainingSetStage(world));
  stages.push(await lookupStage(world));
  const models = await modelStages(world);
  stages.push(...models.stages);
  stages.push(await predictionStage(world, models.modelFile));
  stages.push(await signalsStage(world));
  stages.push(await driftStage(world));
  stages.push(await rolloutStage(world));
  writeReport('loop', {
    versions: await world.peer.versions(),
    data: 'vega-datasets data/flights-3m.parquet (US Bureau of Transportation Statistics)',
    stages,
    seconds: Math.round((performance.now() - started) / 1000),
  });
} finally {
  await world.close();
}
