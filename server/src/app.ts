import type { Config, Role } from './config.ts';
import { type ApiOptions, listenApi } from './listen-api.ts';
import { listenGateway } from './listen-gateway.ts';
import { createModules, type Modules } from './modules.ts';
import { openPlatform, type Platform } from './platform/platform.ts';
import { version } from './platform/version.ts';
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

/** Composes the program: platform, then modules left to right, then protocols. */
export async function startProgram(config: Config, roles: readonly Role[], options: ApiOptions = {}): Promise<Program> {
  const platform = await openPlatform({ config, databaseUrl: config.databaseUrl!, program: roles.join('-') });
  const modules = createModules(platform);
  const closing: (() => Promise<void>)[] = [() => platform.close()];
  const close = async (): Promise<void> => {
    for (const step of closing.reverse()) await step();
  };
  try {
    const work = roles.includes('worker');
    await platform.access.start();
    await platform.events.start({ work });
    await platform.jobs.start({ work });
    closing.push(() => modules.stop());
    for (const role of roles) await modules.start(role);
    if (roles.includes('gateway')) {
      const inference = createOpenInference(platform, modules.serving, version);
      const gateway = await listenGateway(platform, modules.serving, inference);
      closing.push(() => gateway.close());
    }
    if (!roles.includes('api')) return { platform, modules, close };
    const { tracking, tracing, registry } = modules;
    const api = await listenApi(platform, modules, options, async (app) => {
      await mountMlflow(app, {
        tracking,
        tracing,
        registry,
        projects: platform.projects,
        access: platform.access,
        links: platform.links,
        publicUrl: config.publicUrl,
        pathPrefix: config.staticPrefix ?? '',
        servesArtifacts: config.serveArtifacts,
        sendsToStore: platform.objects.direct,
      });
    });
    closing.push(() => api.close());
    return { platform, modules, url: api.url, close };
  } catch (error) {
    await close();
    throw error;
  }
}

export async function startRole(config: Config, role: Role): Promise<Program> {
  return await startProgram(config, [role]);
}
