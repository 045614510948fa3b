import { type EndpointDefinition, type ModelVersion, PlatformError } from '@flyball/api';
import { planInputs } from './model-inputs.ts';
import type { ServingParts } from './parts.ts';
import { Replica } from './replica.ts';
import { openReplicaHub } from './replica-hub.ts';
import { openVersion } from './version-file.ts';

const PATIENCE_MS = 60_000;
const MEMORY_MB = 4096;

/**
 * Starts one replica of a version for a moment: it must load, answer a first row, and get its inputs from the endpoint.
 * What cannot do that never comes near traffic.
 */
export async function warmUp(
  parts: ServingParts,
  project: string,
  endpoint: EndpointDefinition,
  { model, version, inputs }: ModelVersion,
): Promise<void> {
  const { path } = await openVersion(parts, project, model, version);
  const hub = await openReplicaHub();
  const refuse = (reason: string): PlatformError =>
    new PlatformError('conflict', `${model}@${version} cannot serve "${endpoint.name}": ${reason}`);
  let replica: Replica | undefined;
  let impatience: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      const changed = (one: Replica): void => {
        if (one.state === 'ready') resolve();
        if (one.state === 'failed') reject(refuse(one.error ?? 'it failed'));
      };
      replica = new Replica('warm-up', {
        hub,
        modelPath: path,
        memoryLimitMb: MEMORY_MB,
        log: () => undefined,
        changed,
      });
      impatience = setTimeout(() => reject(refuse('it did not answer within a minute')), PATIENCE_MS);
    });
    planInputs(replica!.signature!, inputs, endpoint.inputs);
  } catch (error) {
    throw error instanceof PlatformError ? error : refuse(error instanceof Error ? error.message : String(error));
  } finally {
    clearTimeout(impatience);
    replica?.drain();
    await hub.close();
  }
}
