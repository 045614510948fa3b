import { type Evaluation, type Gate, type GateReport, notFound, PlatformError } from '@flyball/api';
import type { Actor } from '#platform/access/actor';
import { newId } from '#platform/uuid';
import { findEvaluation, insertGateReport, listEvaluations } from './evaluation-store.ts';
import { judgeGate, worstOf } from './judge-gate.ts';
import type { EvaluationParts } from './parts.ts';

export interface GatesInput {
  readonly model: string;
  readonly version: number;
  readonly evaluationId: string;
  readonly gates: readonly Gate[];
}

/** The champion's own evaluation on the same rows, if there is one: relative margins refer to it. */
async function championEvaluation(
  { platform }: EvaluationParts,
  project: string,
  evaluation: Evaluation,
  champion: number | null,
): Promise<Evaluation | null> {
  if (champion === null) return null;
  const page = { project, model: evaluation.model, version: champion, limit: 50 };
  const all = await listEvaluations(platform.database, page);
  return all.find(({ trainingSetId }) => trainingSetId === evaluation.trainingSetId) ?? all[0] ?? null;
}

/** Judges an evaluation by gates and keeps the report. */
export async function checkGates(
  parts: EvaluationParts,
  actor: Actor,
  project: string,
  input: GatesInput,
): Promise<GateReport> {
  const { platform, data, registry } = parts;
  const evaluation = await findEvaluation(platform.database, project, input.evaluationId);
  if (evaluation === null) throw notFound('evaluation', input.evaluationId);
  const { model, version } = input;
  if (evaluation.model !== model || evaluation.version !== version) {
    throw new PlatformError('invalid_input', `Evaluation ${evaluation.id} is not of ${model}@${version}`);
  }
  const championVersion = (await registry.getModel(project, model)).aliases['champion'] ?? null;
  const judged = {
    evaluation,
    version: await registry.getVersion(project, model, version),
    championVersion,
    champion: await championEvaluation(parts, project, evaluation, championVersion),
  };
  const results = input.gates.map((gate) => judgeGate(gate, judged));
  const report: GateReport = {
    id: newId(),
    model,
    version,
    evaluationId: evaluation.id,
    championVersion,
    verdict: worstOf(results.map(({ verdict }) => verdict)),
    results,
    at: platform.clock.now().toISOString(),
  };
  await platform.database.transaction(async (trx) => {
    await insertGateReport(trx, project, report);
    const node = { kind: 'gate_report', id: report.id };
    const edge = { from: { kind: 'evaluation', id: evaluation.id }, to: node, role: 'judged' };
    const title = `${model}@${version}: ${report.verdict.replaceAll('_', ' ')}`;
    await data.lineage.record(trx, project, [edge], [{ ...node, title }]);
    const details = { model, version, verdict: report.verdict };
    await platform.audit.record(trx, { actor, project, action: 'evaluation.judged', subject: node, details });
  });
  return report;
}
