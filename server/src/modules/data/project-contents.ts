import type { ProjectContents } from '#platform/access/project-contents';
import type { DataParts } from './parts.ts';
import { deleteSomeGraph, moveGraph } from './project-contents-store.ts';

const ROWS_AT_ONCE = 1_000;

/** Uploads and lineage follow their project; datasets keep it. */
export const dataContents = ({ platform: { database } }: DataParts): ProjectContents => ({
  tables: ['data.upload', 'data.lineage_node'],
  conflicts: async () => [],
  move: async (trx, from, to) => ({ lineageNodes: await moveGraph(trx, from, to) }),
  empty: async (project, signal) => {
    while (await deleteSomeGraph(database, project, ROWS_AT_ONCE)) signal.throwIfAborted();
  },
});
