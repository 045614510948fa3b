import type { LineageGraph } from '@flyball/api';
import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';

export interface LineageThing {
  readonly kind: string;
  readonly id: string;
}

export interface NewLineageEdge {
  readonly from: LineageThing;
  readonly to: LineageThing;
  readonly role: string;
}

export interface NewLineageNode extends LineageThing {
  readonly title: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

async function upsertNodes(on: Queryable, project: string, nodes: readonly NewLineageNode[]): Promise<void> {
  await sql`insert into data.lineage_node (project, kind, id, title, details)
    select ${project}, * from unnest(${nodes.map(({ kind }) => kind)}::text[], ${nodes.map(({ id }) => id)}::text[],
      ${nodes.map(({ title }) => title)}::text[], ${nodes.map(({ details }) => JSON.stringify(details ?? {}))}::jsonb[])
    on conflict (project, kind, id) do update set title = excluded.title, details = excluded.details`.execute(
    on.tables<unknown>(),
  );
}

/** Nodes that only an edge names get their id as title, until somebody says more. */
async function ensureNodes(on: Queryable, project: string, things: readonly LineageThing[]): Promise<void> {
  const sorted = [...new Map(things.map((thing) => [`${thing.kind} ${thing.id}`, thing])).values()].sort((a, b) =>
    `${a.kind} ${a.id}` < `${b.kind} ${b.id}` ? -1 : 1,
  );
  await sql`insert into data.lineage_node (project, kind, id, title)
    select ${project}, k, i, i from unnest(${sorted.map(({ kind }) => kind)}::text[],
      ${sorted.map(({ id }) => id)}::text[]) as given (k, i)
    on conflict do nothing`.execute(on.tables<unknown>());
}

export async function recordLineage(
  on: Queryable,
  project: string,
  edges: readonly NewLineageEdge[],
  nodes: readonly NewLineageNode[],
): Promise<void> {
  if (nodes.length > 0) await upsertNodes(on, project, nodes);
  if (edges.length === 0) return;
  await ensureNodes(
    on,
    project,
    edges.flatMap(({ from, to }) => [from, to]),
  );
  await sql`insert into data.lineage_edge (project, from_kind, from_id, to_kind, to_id, role)
    select ${project}, * from unnest(${edges.map(({ from }) => from.kind)}::text[],
      ${edges.map(({ from }) => from.id)}::text[], ${edges.map(({ to }) => to.kind)}::text[],
      ${edges.map(({ to }) => to.id)}::text[], ${edges.map(({ role }) => role)}::text[])
    on conflict do nothing`.execute(on.tables<unknown>());
}

/** What a thing read: nodes that are known stay as they are, so that many at once do not wait for each other. */
export interface LineageInput {
  readonly from: NewLineageNode;
  readonly to: NewLineageNode;
  readonly role: string;
}

export async function recordInputs(on: Queryable, project: string, inputs: readonly LineageInput[]): Promise<void> {
  const all = new Map(inputs.flatMap(({ from, to }) => [from, to]).map((node) => [`${node.kind} ${node.id}`, node]));
  const nodes = [...all.values()].sort((a, b) => (`${a.kind} ${a.id}` < `${b.kind} ${b.id}` ? -1 : 1));
  await sql`insert into data.lineage_node (project, kind, id, title, details)
    select ${project}, * from unnest(${nodes.map(({ kind }) => kind)}::text[], ${nodes.map(({ id }) => id)}::text[],
      ${nodes.map(({ title }) => title)}::text[], ${nodes.map(({ details }) => JSON.stringify(details ?? {}))}::jsonb[])
    on conflict do nothing`.execute(on.tables<unknown>());
  await recordLineage(on, project, inputs, []);
}

/** Things of which nothing came go, with what they read; what led to something stays. */
export async function forgetLeaves(on: Queryable, project: string, things: readonly LineageThing[]): Promise<void> {
  await sql`delete from data.lineage_node n using unnest(${things.map(({ kind }) => kind)}::text[],
      ${things.map(({ id }) => id)}::text[]) as t (kind, id)
    where n.project = ${project} and n.kind = t.kind and n.id = t.id
      and not exists (select from data.lineage_edge e
        where e.project = n.project and e.from_kind = n.kind and e.from_id = n.id)
      and not exists (select from data.lineage_edge e
        where e.project = n.project and e.to_kind = n.kind and e.to_id = n.id
          and e.from_kind not in ('dataset_version', 'external_dataset'))`.execute(on.tables<unknown>());
}

interface NodeRow {
  kind: string;
  id: string;
  title: string;
  details: Record<string, unknown>;
}

interface EdgeRow {
  from_kind: string;
  from_id: string;
  to_kind: string;
  to_id: string;
  role: string;
  at: Date;
}

export interface LineageQuestion {
  readonly project: string;
  readonly around?: LineageThing | undefined;
  readonly depth: number;
  readonly limit: number;
}

/** Without runs that nothing came of, and what only such runs read: there may be thousands of them. */
async function newestNodes(on: Queryable, { project, limit }: LineageQuestion): Promise<NodeRow[]> {
  const { rows } = await sql<NodeRow>`select kind, id, title, details from data.lineage_node n
    where project = ${project} and kind <> 'external_dataset' and (kind <> 'run' or exists (
      select from data.lineage_edge e where e.project = n.project and e.from_kind = n.kind and e.from_id = n.id))
    order by at desc limit ${limit}`.execute(on.tables<unknown>());
  return rows;
}

/** All that leads to a thing and all that comes of it, up to a depth. */
async function nodesAround(on: Queryable, { project, depth, limit }: LineageQuestion, { kind, id }: LineageThing) {
  const { rows } = await sql<NodeRow>`
    with recursive up(kind, id, depth) as (
      select ${kind}::text, ${id}::text, 0
      union
      select e.from_kind, e.from_id, up.depth + 1 from up
        join data.lineage_edge e on e.project = ${project} and e.to_kind = up.kind and e.to_id = up.id
      where up.depth < ${depth}
    ), down(kind, id, depth) as (
      select ${kind}::text, ${id}::text, 0
      union
      select e.to_kind, e.to_id, down.depth + 1 from down
        join data.lineage_edge e on e.project = ${project} and e.from_kind = down.kind and e.from_id = down.id
      where down.depth < ${depth}
    )
    select n.kind, n.id, n.title, n.details
    from (select kind, id, min(depth) as depth from (table up union all table down) as reached group by kind,
      id) as reached
    join data.lineage_node n on n.project = ${project} and n.kind = reached.kind and n.id = reached.id
    order by reached.depth limit ${limit}`.execute(on.tables<unknown>());
  return rows;
}

/** Nodes and the edges among them. */
export async function readLineage(on: Queryable, question: LineageQuestion): Promise<LineageGraph> {
  const { around, project } = question;
  const nodes = around === undefined ? await newestNodes(on, question) : await nodesAround(on, question, around);
  const keys = nodes.map(({ kind, id }) => `${kind} ${id}`);
  const { rows } = await sql<EdgeRow>`select * from data.lineage_edge where project = ${project}
    and from_kind || ' ' || from_id = any(${keys}::text[])
    and to_kind || ' ' || to_id = any(${keys}::text[])`.execute(on.tables<unknown>());
  return {
    nodes,
    edges: rows.map((row) => ({
      from: { kind: row.from_kind, id: row.from_id },
      to: { kind: row.to_kind, id: row.to_id },
      role: row.role,
      at: row.at.toISOString(),
    })),
  };
}

/** Whether anything was made of a dataset's versions. */
export async function countDependants(on: Queryable, project: string, dataset: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*)::int as count from data.lineage_edge
    where project = ${project} and from_kind = 'dataset_version' and to_kind <> 'dataset_version'
      and split_part(from_id, '@', 1) = ${dataset}`.execute(on.tables<unknown>());
  return rows[0]!.count;
}
