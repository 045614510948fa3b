import { invalidInput } from '@flyball/api';
import { checkArtifactFile } from '#tracking';
import { joinPath } from './artifact-calls.ts';
import { int64, listOf, message, text } from './message.ts';
import { type CallContext, call, type MlflowCall, requiredText } from './mlflow-call.ts';

const MOST_PARTS = 10_000;
/** A part may wait for all those before it; a range for its retries. */
const PART_SECONDS = 12 * 60 * 60;
const FILE_SECONDS = 60 * 60;

/** What a link to store a part is good for. */
export const partSubject = (upload: string, number: number): string => `PUT part ${number} of ${upload}`;
/** What a link to read a file is good for. */
export const fileSubject = (digest: string, name: string): string => `GET ${digest} as ${name}`;

const wildcard = ({ params }: CallContext): string => params['*'] ?? '';

/** Clients send the whole path on their machine: its last part is the name, whichever way their slashes lean. */
function placeOf(context: CallContext, path: string): string {
  return checkArtifactFile(joinPath(wildcard(context).replace(/\/+$/, ''), path.split(/[/\\]/).at(-1) ?? ''));
}

function partCount(given: number | undefined): number {
  const count = given ?? 1;
  if (Number.isInteger(count) && count >= 1 && count <= MOST_PARTS) return count;
  throw invalidInput(`Invalid value for num_parts: an upload has 1 to ${MOST_PARTS} parts`);
}

/** Links to the object store itself where it has them, otherwise to us. */
async function credentialsOf(context: CallContext, path: string, upload: string, count: number) {
  const { tracking, project, links } = context;
  const urls = await tracking.uploads.partUrls({ project, path, upload }, count, PART_SECONDS);
  return await Promise.all(
    urls.map(async (url, i) => {
      const number = i + 1;
      const own = `/api/2.0/mlflow-artifacts/mpu/parts/${upload}/${number}`;
      const made = url ?? (await links.make(own, partSubject(upload, number), PART_SECONDS));
      return { url: made, part_number: number, headers: {} };
    }),
  );
}

/** Uploads in parts, and downloads in ranges. */
export const transferCalls: readonly MlflowCall[] = [
  call({
    method: 'POST',
    path: '/mlflow-artifacts/mpu/create/*',
    access: 'contributor',
    request: message({ path: text, num_parts: int64 }),
    rules: { path: requiredText },
    handle: async (input, context) => {
      const count = partCount(input.num_parts);
      const path = placeOf(context, input.path ?? '');
      const upload = await context.tracking.uploads.start(context.actor, context.project, path);
      return { upload_id: upload, credentials: await credentialsOf(context, path, upload, count) };
    },
  }),
  call({
    method: 'POST',
    path: '/mlflow-artifacts/mpu/complete/*',
    access: 'contributor',
    request: message({
      path: text,
      upload_id: text,
      parts: listOf(message({ part_number: int64, etag: text, url: text })),
    }),
    rules: { path: requiredText, upload_id: requiredText, parts: { kind: 'list', required: true } },
    handle: async ({ path: given = '', upload_id: upload = '', parts = [] }, context) => {
      const path = placeOf(context, given);
      const sent = parts.map(({ part_number: number = 0, etag = '' }) => ({ number, etag }));
      await context.tracking.uploads.complete({ project: context.project, path, upload }, sent);
      return {};
    },
  }),
  call({
    method: 'POST',
    path: '/mlflow-artifacts/mpu/abort/*',
    access: 'contributor',
    request: message({ path: text, upload_id: text }),
    rules: { path: requiredText, upload_id: requiredText },
    handle: async ({ path: given = '', upload_id: upload = '' }, context) => {
      await context.tracking.uploads.abort({ project: context.project, path: placeOf(context, given), upload });
      return {};
    },
  }),
  call({
    method: 'GET',
    path: '/mlflow-artifacts/presigned/*',
    access: 'viewer',
    request: message({}),
    handle: async (_input, context) => {
      const { tracking, project, links } = context;
      const { path, digest, size_bytes: size } = await tracking.artifacts.find(project, wildcard(context));
      const name = path.slice(path.lastIndexOf('/') + 1);
      const own = `/api/2.0/mlflow-artifacts/signed/${digest}/${encodeURIComponent(name)}`;
      const direct = await tracking.artifacts.directUrl(digest, FILE_SECONDS);
      const url = direct ?? (await links.make(own, fileSubject(digest, name), FILE_SECONDS));
      return { url, headers: {}, file_size: size };
    },
  }),
];
