import { closeSync, openSync, readSync, rmSync } from 'node:fs';
import type { EndpointRow } from './endpoint-store.ts';
import type { ServingParts } from './parts.ts';
import { listSpoolFiles, type SpoolFile, spoolFolder } from './spool-files.ts';
import type { SpoolEntry } from './spool-line.ts';

const DAY_MS = 86_400_000;
const KEEP_MS = 2 * DAY_MS;
const TAIL_BYTES = 256 * 1024;

function newestAt(entry: SpoolEntry): number {
  if (entry.t === 'u') return 0;
  return entry.t === 'l' ? Math.max(...entry.at) : entry.at;
}

/** Event time near the end of a file; 0 when nothing there tells. */
function endOf({ path, sizeBytes }: SpoolFile): number {
  const buffer = Buffer.allocUnsafe(Math.min(TAIL_BYTES, sizeBytes));
  const fd = openSync(path, 'r');
  readSync(fd, buffer, 0, buffer.length, sizeBytes - buffer.length);
  closeSync(fd);
  let newest = 0;
  for (const line of buffer.toString('utf8').split('\n').slice(1)) {
    try {
      newest = Math.max(newest, newestAt(JSON.parse(line) as SpoolEntry));
    } catch {
      // The first piece of the tail is half a line.
    }
  }
  return newest;
}

/** How long lines may still be needed: for labels of the last days, and for windows of features over them. */
async function keepMs({ features }: ServingParts, { project, definition }: EndpointRow): Promise<number> {
  if (definition.feedback === undefined) return KEEP_MS;
  const views = await features.viewsOnDataset(project, definition.feedback.dataset);
  const windows = views.flatMap((view) => view.features.map(({ windowSeconds }) => windowSeconds * 1000));
  return Math.max(KEEP_MS, ...windows.map((window) => window + DAY_MS));
}

/** Removes files of the spool that are in the log, and too old for a gateway to need them when it starts. */
export async function pruneSpool(parts: ServingParts, endpoint: EndpointRow): Promise<void> {
  const last = endpoint.last_prediction_at?.getTime();
  if (last === undefined) return;
  const files = listSpoolFiles(spoolFolder(parts.platform.config.dataDir, endpoint.id)).slice(0, -1);
  const read = files.filter(({ start, sizeBytes }) => start + sizeBytes <= Number(endpoint.log_position));
  if (read.length === 0) return;
  const before = last - (await keepMs(parts, endpoint));
  // Oldest first, and only up to the first that is kept: a log has no holes.
  for (const file of read) {
    if (endOf(file) >= before) return;
    rmSync(file.path, { force: true });
  }
}
