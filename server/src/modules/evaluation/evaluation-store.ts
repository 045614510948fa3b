import type { Evaluation, GateReport } from '@flyball/api';
import type { Queryable } from '#platform/database/database';

interface DocumentTable<T> {
  id: string;
  project: string;
  model: string;
  version: number;
  at: Date;
  body: T;
}

interface Tables {
  'evaluation.evaluation': DocumentTable<Evaluation>;
  'evaluation.gate_report': DocumentTable<GateReport>;
}

export interface VersionPage {
  readonly project: string;
  readonly model: string;
  readonly version: number;
  readonly limit: number;
  /** Only what came before this id. */
  readonly before?: string | undefined;
}

const rowOf = <T extends { id: string; model: string; version: number; at: string }>(project: string, body: T) => ({
  id: body.id,
  project,
  model: body.model,
  version: body.version,
  at: new Date(body.at),
  body: JSON.stringify(body) as unknown as T,
});

export async function insertEvaluation(on: Queryable, project: string, evaluation: Evaluation): Promise<void> {
  await on.tables<Tables>().insertInto('evaluation.evaluation').values(rowOf(project, evaluation)).execute();
}

export async function findEvaluation(on: Queryable, project: string, id: string): Promise<Evaluation | null> {
  const row = await on
    .tables<Tables>()
    .selectFrom('evaluation.evaluation')
    .select('body')
    .where('project', '=', project)
    .where('id', '=', id)
    .executeTakeFirst();
  return row?.body ?? null;
}

/** Newest first; ids are UUIDv7, so they sort by time. */
export async function listEvaluations(on: Queryable, page: VersionPage): Promise<Evaluation[]> {
  let query = on
    .tables<Tables>()
    .selectFrom('evaluation.evaluation')
    .select('body')
    .where('project', '=', page.project)
    .where('model', '=', page.model)
    .where('version', '=', page.version)
    .orderBy('id', 'desc')
    .limit(page.limit);
  if (page.before !== undefined) query = query.where('id', '<', page.before);
  return (await query.execute()).map(({ body }) => body);
}

export async function insertGateReport(on: Queryable, project: string, report: GateReport): Promise<void> {
  await on.tables<Tables>().insertInto('evaluation.gate_report').values(rowOf(project, report)).execute();
}

export async function listGateReports(on: Queryable, page: VersionPage): Promise<GateReport[]> {
  let query = on
    .tables<Tables>()
    .selectFrom('evaluation.gate_report')
    .select('body')
    .where('project', '=', page.project)
    .where('model', '=', page.model)
    .where('version', '=', page.version)
    .orderBy('id', 'desc')
    .limit(page.limit);
  if (page.before !== undefined) query = query.where('id', '<', page.before);
  return (await query.execute()).map(({ body }) => body);
}
