import type { allRoutes, Client, EndpointDefinition } from '@flyball/api';
import { encodeLinearOnnx } from '@flyball/stats/learn';
import type { z } from 'zod';
import { waitFor } from './wait-for.ts';

type Flyball = Client<typeof allRoutes>;

/** A logistic model of some columns, as an ONNX file: easy to check by hand. */
export function linearModel(coefficients: Readonly<Record<string, number>>, intercept = 0): Uint8Array<ArrayBuffer> {
  const features = Object.keys(coefficients);
  return encodeLinearOnnx({
    version: 1,
    objective: 'binary',
    features,
    classes: ['0', '1'],
    mean: features.map(() => 0),
    scale: features.map(() => 1),
    coefficients: Object.values(coefficients),
    intercept,
  });
}

/** Registers a file as the next version of a model. */
async function addModelVersion(
  client: Flyball,
  model: string,
  bytes: Uint8Array<ArrayBuffer>,
  inputs: NonNullable<Parameters<Flyball['createModelVersion']>[0]['body']['inputs']> = [],
): Promise<number> {
  const { digest } = await client.uploadObject({ upload: bytes });
  await client.putModel({ params: { model }, body: {} });
  const files = [{ path: 'model.onnx', digest }];
  return (await client.createModelVersion({ params: { model }, body: { files, inputs } })).version;
}

/** Waits until an endpoint of the project "default" answers. */
export async function waitUntilReady(gatewayUrl: string, endpoint: string): Promise<void> {
  await waitFor(async () => (await fetch(`${gatewayUrl}/v2/models/${endpoint}/ready`)).status === 200);
}

/** An endpoint that answers with a first version. */
export async function serveModel(
  { client, gatewayUrl }: { client(): Flyball; gatewayUrl: string },
  endpoint: string,
  definition: Omit<z.input<typeof EndpointDefinition>, 'name'>,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<number> {
  const version = await addModelVersion(client(), definition.model, bytes);
  await client().putEndpoint({ params: { endpoint }, body: definition });
  await client().startRollout({ params: { endpoint }, body: { version } });
  await waitUntilReady(gatewayUrl, endpoint);
  return version;
}
