import { type ModelVersion, PlatformError, type Run } from '@flyball/api';
import { server } from '../../server.ts';
import { readModelDescription, type SignatureField } from '../tracking/model-signature.ts';
import type { VersionFacts } from './version-facts.ts';

const LARGEST_DESCRIPTION = 1_000_000;

async function orNone<T>(ask: Promise<T>): Promise<T | null> {
  return await ask.catch((error: unknown) => {
    if (error instanceof PlatformError && error.code === 'not_found') return null;
    throw error;
  });
}

const runOf = async ({ runId }: ModelVersion): Promise<Run | null> =>
  runId === null ? null : await orNone(server().getRun({ params: { run: runId } }));

const namedFields = (side: string, fields: readonly SignatureField[] | null): (readonly [string, string])[] =>
  (fields ?? []).map(({ name, type, required }) => [`${side} ${name}`, required ? type : `${type}, may be missing`]);

/** The file that describes a model, if there is one that can be read. */
export const descriptionFile = (files: ModelVersion['files']) =>
  files.find(({ path, sizeBytes }) => /(^|\/)MLmodel$/.test(path) && sizeBytes <= LARGEST_DESCRIPTION);

/** What the `MLmodel` file says, and the inputs that it was registered with. */
async function signatureOf({ model, version, files, inputs }: ModelVersion): Promise<Record<string, string>> {
  const wired = inputs.map(({ name, datatype }) => [`input ${name}`, datatype] as const);
  const file = descriptionFile(files);
  if (file === undefined) return Object.fromEntries(wired);
  const answer = await server().getModelFile({ params: { model, version }, query: { path: file.path } });
  const found = readModelDescription(await (await answer.blob()).text());
  return Object.fromEntries([
    ...wired,
    ...namedFields('input', found?.inputs ?? null),
    ...namedFields('output', found?.outputs ?? null),
    ...namedFields('param', found?.params ?? null),
  ]);
}

/** All that is known of a version. */
export async function readVersionFacts(model: string, number: number): Promise<VersionFacts> {
  const params = { model, version: number };
  const query = { limit: 1 };
  const [version, evaluations, reports, endpoints] = await Promise.all([
    server().getModelVersion({ params }),
    server().listEvaluations({ params, query }),
    server().listGateReports({ params, query }),
    server().listEndpoints({ query: { limit: 1000 } }),
  ]);
  const [run, signature] = await Promise.all([runOf(version), signatureOf(version)]);
  return {
    version,
    run,
    evaluation: evaluations.items[0] ?? null,
    gates: reports.items[0] ?? null,
    endpoints: endpoints.items.filter((endpoint) => endpoint.model === model),
    signature,
  };
}
