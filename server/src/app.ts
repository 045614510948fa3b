import type { FastifyInstance } from 'fastify';
import type { Config, Role } from './config.ts';
import { listenGateway } from './listen-gateway.ts';
import { createModules, type Modules } from './modules.ts';
import { createPlatform, type Platform } from './platform/platform.ts';
import { version } from './platform/version.ts';
import { type ApiOptions, prepareApi } from './prepare-api.ts';
import { mountMlflow } from './protocols/mlflow/index.ts';
import { createOpenInference } from './protocols/open-inference/open-inference.ts';

/** One process with one role, or with several of them, as tests run it. */
export interface Program {
  readonly platform: Platform;
  readonly modules: Modules;
  /** Where the API answers, in a process with that role. */
  readonly url?: string;
  close(): Promise<void>;
}

export interface ProgramOptions extends ApiOptions {
  /** Unless the configuration says it: where the database is, as soon as it is known. */
  readonly databaseUrl?: Promise<string>;
  /** Until then our tables are missing or old. */
  readonly migrated?: Promise<unknown>;
}

/** Composes the program: platform, then modules left to right, then protocols. */
export async function startProgram(
  config: Config,
  roles: readonly Role[],
  options: ProgramOptions = {},
): Promise<Program> {
  const databaseUrl = options.databaseUrl ?? config.databaseUrl!;
  const platform = await createPlatform({ config, databaseUrl, program: roles.join('-') });
  const modules = createModules(platform);
  const closing: (() => Promise<void>)[] = [() => platform.close()];
  const close = async (): Promise<void> => {
    for (const step of closing.reverse()) await step();
  };
  try {
    // What needs no database is made while it starts.
    const [api] = await Promise.all([
      roles.includes('api')
        ? prepareApi(platform, modules, options, (app) => mountProtocols(app, platform, modules))
        : undefined,
      startPlatform(platform, roles.includes('worker'), options.migrated),
    ]);
    closing.push(() => modules.stop());
    for (const role of roles) await modules.start(role);
    if (roles.includes('gateway')) {
      const inference = createOpenInference(platform, modules.serving, version);
      const gateway = await listenGateway(platform, modules.serving, inference);
      closing.push(() => gateway.close());
    }
    if (api === undefined) return { platform, modules, close };
    closing.push(() => api.close());
    return { platform, modules, url: await api.listen(), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startPlatform(platform: Platform, work: boolean, migrated?: Promise<unknown>): Promise<void> {
  const { database, access, events, jobs } = platform;
  await database.check();
  const rest = async (): Promise<void> => {
    await migrated;
    await Promise.all([access.start(), events.start({ work })]);
  };
  // The queue has tables of its own, which take as long as a third of ours.
  await Promise.all([jobs.start({ work }), rest()]);
}

async function mountProtocols(app: FastifyInstance, platform: Platform, modules: Modules): Promise<void> {
  const { tracking, tracing, registry } = modules;
  const { config, projects, access, links, objects } = platform;
  await mountMlflow(app, {
    tracking,
    tracing,
    registry,
    projects,
    access,
    links,
    publicUrl: config.publicUrl,
    pathPrefix: config.staticPrefix ?? '',
    servesArtifacts: config.serveArtifacts,
    sendsToStore: objects.direct,
  });
}

/** Only the API has much to prepare; the others know the whole configuration first, and give it to their children. */
export async function startRole(config: Config, role: Role, complete: Promise<Config>): Promise<Program> {
  if (role !== 'api') return await startProgram(await complete, [role]);
  const { databaseUrl: url, databaseOwnerUrl } = config;
  // Where the tables belong to another account, this one has no rights before they are there.
  const isKnown = url !== undefined && databaseOwnerUrl === undefined;
  const databaseUrl = isKnown ? Promise.resolve(url) : complete.then((known) => known.databaseUrl!);
  databaseUrl.catch(() => undefined);
  return await startProgram(config, [role], { databaseUrl, migrated: complete });
}
