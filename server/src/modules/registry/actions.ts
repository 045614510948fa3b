import { ModelInput } from '@flyball/api';
import { z } from 'zod';
import { type Action, defineAction } from '#platform/actions/action';
import { createVersion } from './create-version.ts';
import { insertModel } from './model-store.ts';
import type { RegistryParts } from './parts.ts';

const RegisterInput = z.object({
  model: z.string(),
  runId: z.string(),
  artifactPath: z.string().default('model'),
  inputs: z.array(ModelInput).default([]),
  dataset: z
    .object({ name: z.string(), version: z.number().int(), trainingSetId: z.string().nullable().default(null) })
    .optional(),
  description: z.string().default(''),
});

export function registryActions(parts: RegistryParts): Action[] {
  return [
    defineAction({
      name: 'registry.register',
      summary: 'Register the model that a run has logged, as a new version',
      input: RegisterInput,
      run: async ({ actor, project, log }, input) => {
        const { model, runId, artifactPath } = input;
        const files = await parts.tracking.artifactFiles(project, runId, artifactPath);
        await insertModel(parts.platform.database, project, { name: model, description: '', tags: {} });
        const version = await createVersion(parts, actor, project, model, {
          runId,
          source: `runs:/${runId}/${artifactPath}`,
          description: input.description,
          flavor: files.some(({ path }) => path.endsWith('.onnx')) ? 'onnx' : 'other',
          inputs: input.inputs,
          files,
          ...(input.dataset === undefined ? {} : { dataset: input.dataset }),
          tags: {},
        });
        log(`${model}@${version.version}: ${version.files.length} files, scan ${version.scan.verdict}`);
        return { model, version: version.version };
      },
    }),
  ];
}
