import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { AnalyticsSession } from '#platform/analytics/analytics';
import { type EndpointRow, findEndpointById } from './endpoint-store.ts';
import { labelsSql, predictionsSql, shadowsSql } from './log-sql.ts';
import type { ServingParts } from './parts.ts';
import { readSpool, type SpoolPart } from './read-spool.ts';
import { addToLog, type Segment, type SegmentKind } from './segment-store.ts';
import { spoolFolder } from './spool-files.ts';

export type IngestParts = Pick<ServingParts, 'platform' | 'ingestion'>;

async function writeSegment(
  { platform }: IngestParts,
  session: AnalyticsSession,
  kind: SegmentKind,
  sql: string,
): Promise<Segment> {
  const written = await session.copyToParquet(sql, `${kind}.parquet`);
  const at = written.range('at');
  const sequence = written.range('seq');
  const [row] = await session.rows('select epoch_ms($1::timestamp) as low, epoch_ms($2::timestamp) as high', [
    at?.min ?? null,
    at?.max ?? null,
  ]);
  const { digest, sizeBytes } = await platform.objects.putFile(written.path);
  return {
    kind,
    digest,
    rowCount: written.rowCount,
    sizeBytes,
    minAt: new Date(Number(row!['low'])),
    maxAt: new Date(Number(row!['high'])),
    minSequence: Number(sequence?.min ?? 0),
    maxSequence: Number(sequence?.max ?? 0),
  };
}

async function writeSegments(parts: IngestParts, endpoint: EndpointRow, spool: SpoolPart): Promise<Segment[]> {
  const columns = { inputs: endpoint.definition.inputs, features: endpoint.feature_names };
  return await parts.ingestion.run(async (session) => {
    const segments: Segment[] = [];
    const add = async (kind: SegmentKind, lines: Buffer, sql: (file: string) => string): Promise<void> => {
      if (lines.length === 0) return;
      // A name of its own: what the sandbox remembers of an earlier file cannot be taken for this one.
      const file = path.join(session.scratch, `${endpoint.id}-${spool.position}-${kind}.ndjson`);
      await writeFile(file, lines);
      segments.push(await writeSegment(parts, session, kind, sql(file)));
      await rm(file);
    };
    await add('predictions', spool.lines.p, (file) => predictionsSql(file, columns));
    await add('shadows', spool.lines.s, shadowsSql);
    await add('labels', spool.lines.l, labelsSql);
    return segments;
  });
}

const countOf = (segments: readonly Segment[], kind: SegmentKind): number =>
  segments.find((segment) => segment.kind === kind)?.rowCount ?? 0;

/**
 * Brings what the gateway has written since into the log. The objects and the position of what was read are one
 * transaction, so every line enters the log exactly once, whoever dies meanwhile.
 */
export async function ingestLog(parts: IngestParts, endpointId: string): Promise<void> {
  const { database, config } = parts.platform;
  for (;;) {
    const endpoint = await findEndpointById(database, endpointId);
    if (endpoint === null) return;
    const spool = readSpool(spoolFolder(config.dataDir, endpointId), Number(endpoint.log_position));
    if (spool === null) return;
    const segments = await writeSegments(parts, endpoint, spool);
    await database.transaction(async (trx) => {
      const isNew = await addToLog(trx, endpointId, {
        from: Number(endpoint.log_position),
        position: spool.position,
        sequence: spool.sequence,
        segments,
        predictions: countOf(segments, 'predictions'),
        labels: countOf(segments, 'labels'),
        unknownLabels: spool.unknownLabels,
        lastPredictionAt: segments.find(({ kind }) => kind === 'predictions')?.maxAt ?? null,
      });
      if (!isNew) return;
      const payload = { endpoint: endpoint.name, until: parts.platform.clock.now().toISOString() };
      await parts.platform.events.publish(trx, { project: endpoint.project, name: 'serving.log-ingested', payload });
    });
  }
}
