import { z } from 'zod';
import { Approval } from './approval.ts';
import { Evaluation, GateReport } from './evaluation.ts';
import { TrainingSetSpec } from './features.ts';
import { Digest, Timestamp } from './page.ts';
import { AuditEvent } from './platform.ts';
import { ModelVersion } from './registry.ts';
import { Rollout, RolloutCheck } from './serving.ts';
import { Run } from './tracking.ts';

/** What rows served for: the version learned from them, or was measured on them. */
const uses = z.array(z.enum(['training', 'evaluation']));

const DatasetEvidence = z.object({
  kind: z.literal('dataset_version'),
  dataset: z.string(),
  version: z.number().int(),
  uses,
  digest: Digest,
  rowCount: z.number().int(),
  validationId: z.string().nullable(),
  verdict: z.enum(['pass', 'warn']),
  source: z.string(),
  createdAt: Timestamp,
  createdBy: z.string(),
});

const TrainingSetEvidence = z.object({
  kind: z.literal('training_set'),
  id: z.string(),
  dataset: z.string(),
  version: z.number().int(),
  uses,
  digest: Digest,
  rowCount: z.number().int(),
  spec: TrainingSetSpec,
  viewVersions: z.record(z.string(), z.number().int()),
});

const CodeEvidence = z.object({
  flavor: ModelVersion.shape.flavor,
  /** Where the files were taken from. */
  source: z.string(),
  tags: z.record(z.string(), z.string()),
  /** What the run says about the program that trained it: `mlflow.source.*`, with the commit where one is known. */
  program: z.record(z.string(), z.string()),
  /** The step of the pipeline run that trained it. */
  step: z.object({ pipelineRunId: z.string(), id: z.string() }).nullable(),
});

const RunEvidence = Run.pick({
  runId: true,
  name: true,
  status: true,
  user: true,
  startTime: true,
  endTime: true,
  params: true,
  metrics: true,
});

const FilesEvidence = ModelVersion.pick({ digest: true, scan: true, files: true });

/** A rollout with the last look of each of its steps. */
const RolloutEvidence = Rollout.omit({ checks: true }).extend({
  looks: z.number().int(),
  stepChecks: z.array(RolloutCheck),
});

const section = <K extends string, T extends z.ZodType>(kind: K, item: T) =>
  z.object({ kind: z.literal(kind), title: z.string(), items: z.array(item) });

/** One kind of proof. */
export const EvidenceSection = z.discriminatedUnion('kind', [
  section('data', z.discriminatedUnion('kind', [DatasetEvidence, TrainingSetEvidence])),
  section('code', CodeEvidence),
  section('run', RunEvidence),
  section('files', FilesEvidence),
  section('evaluation', Evaluation),
  section('gates', GateReport),
  section('approvals', Approval),
  section('rollout', RolloutEvidence),
  section('audit', AuditEvent),
]);
export type EvidenceSection = z.infer<typeof EvidenceSection>;

/** Everything that proves how a version came to be, with digests; `digest` covers `sections` in canonical JSON. */
export const Evidence = z
  .object({
    model: z.string(),
    version: z.number().int(),
    generatedAt: Timestamp,
    digest: Digest,
    sections: z.array(EvidenceSection),
  })
  .meta({ id: 'Evidence' });
export type Evidence = z.infer<typeof Evidence>;
