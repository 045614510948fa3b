import { saveFile } from '../../parts/csv.ts';
import { server } from '../../server.ts';

export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

export async function readArtifact(run: string, path: string): Promise<Blob> {
  return await (await server().getArtifact({ params: { run }, query: { path } })).blob();
}

export async function downloadArtifact(run: string, path: string): Promise<void> {
  saveFile(nameOf(path), await readArtifact(run, path));
}
