import { PlatformError } from '@flyball/api';
import type { SourceFile } from './mlflow-source.ts';
import { withPatience } from './patient-fetch.ts';

export interface ArtifactTarget {
  readonly url: string;
  readonly token: string | undefined;
  readonly project: string;
}

/** Streams a file through the artifact proxy that MLflow's clients use. */
export async function uploadArtifact(target: ArtifactTarget, folder: string, file: SourceFile): Promise<void> {
  const place = `${folder}/${file.path}`.split('/').map(encodeURIComponent).join('/');
  const address = `${target.url}/api/2.0/mlflow-artifacts/artifacts/${place}`;
  const init = () => ({
    method: 'PUT',
    headers: {
      'content-type': 'application/octet-stream',
      'x-mlflow-workspace': target.project,
      ...(target.token === undefined ? {} : { authorization: `Bearer ${target.token}` }),
    },
    body: ReadableStream.from(file.open()) as ReadableStream<Uint8Array>,
    duplex: 'half' as const,
  });
  const response = await withPatience(async () => await fetch(address, init())).catch((cause: unknown) => {
    throw new PlatformError('unavailable', `"${file.path}" did not arrive at ${target.url}; run the import again`, {
      cause,
    });
  });
  const said = await response.text();
  if (response.ok) return;
  const message = /"message":\s*"((?:[^"\\]|\\.)*)"/.exec(said)?.[1] ?? `status ${response.status}`;
  throw new PlatformError('invalid_input', `The artifact "${file.path}" was refused: ${message}`);
}
