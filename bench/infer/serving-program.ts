import path from 'node:path';
import { loadConfig } from '../../server/src/config.ts';
import { listenGateway } from '../../server/src/listen-gateway.ts';
import { createData, type Data } from '../../server/src/modules/data/index.ts';
import { createFeatures, type Features } from '../../server/src/modules/features/index.ts';
import { createRegistry, type Registry } from '../../server/src/modules/registry/index.ts';
import { createServing, type Serving } from '../../server/src/modules/serving/index.ts';
import { createTracking } from '../../server/src/modules/tracking/index.ts';
import { systemActor } from '../../server/src/platform/access/actor.ts';
import { openPlatform, type Platform } from '../../server/src/platform/platform.ts';
import { createOpenInference } from '../../server/src/protocols/open-inference/open-inference.ts';

export interface ServingProgram {
  readonly platform: Platform;
  readonly data: Data;
  readonly features: Features;
  readonly registry: Registry;
  readonly serving: Serving;
  /** Where the gateway answers, with that role. */
  readonly gatewayUrl: string;
  close(): Promise<void>;
}

export interface ServingProgramOptions {
  readonly databaseUrl: string;
  readonly dataDir: string;
  readonly roles: readonly ('api' | 'worker' | 'gateway')[];
  readonly gatewayPort?: number;
  readonly spoolSync?: 'interval' | 'always';
}

/** Serving with what it is built on, and nothing else. */
export async function startServingProgram(options: ServingProgramOptions): Promise<ServingProgram> {
  const { databaseUrl, dataDir, roles, gatewayPort = 0, spoolSync = 'interval' } = options;
  const config = loadConfig({ databaseUrl, dataDir, gatewayPort, spoolSync, logLevel: 'error', port: 0 }, {});
  const platform = await openPlatform({ config, databaseUrl, program: `test-${roles.join('-')}-${process.pid}` });
  const data = createData(platform);
  const features = createFeatures(platform, data);
  const registry = createRegistry(platform, data, createTracking(platform, data));
  const serving = createServing(platform, data, features, registry);
  await platform.access.start();
  await platform.events.start({ work: roles.includes('worker') });
  for (const role of roles) await serving.start(role);
  const inference = createOpenInference(platform, serving, 'test');
  const listening = roles.includes('gateway') ? await listenGateway(platform, serving, inference) : undefined;
  return {
    platform,
    data,
    features,
    registry,
    serving,
    gatewayUrl: listening?.url ?? '',
    close: async () => {
      await listening?.close();
      await serving.stop();
      await platform.close();
    },
  };
}

/** Registers a model file as the next version; the model is made when it is not there. */
export async function addVersion(
  { platform, registry }: ServingProgram,
  model: string,
  bytes: Uint8Array,
  inputs: Parameters<Registry['createVersion']>[3]['inputs'] = [],
): Promise<number> {
  const { digest } = await platform.objects.put(bytes);
  await registry.createModel(systemActor, 'default', { name: model, description: '', tags: {} }).catch(() => undefined);
  const version = await registry.createVersion(systemActor, 'default', model, {
    source: '',
    description: '',
    flavor: 'onnx',
    files: [{ path: 'model.onnx', digest }],
    inputs,
    tags: {},
  });
  return version.version;
}

// As a program of its own: a gateway that a test can kill.
if (process.argv[1] !== undefined && path.resolve(process.argv[1]) === import.meta.filename) {
  const program = await startServingProgram(JSON.parse(process.argv[2]!) as ServingProgramOptions);
  process.send?.({ url: program.gatewayUrl });
  process.once('disconnect', () => process.exit(0));
}
