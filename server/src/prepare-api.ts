import type { AddressInfo } from 'node:net';
import {
  allRoutes,
  apiPrefix,
  dataRoutes,
  evaluationRoutes,
  featureRoutes,
  governanceRoutes,
  monitoringRoutes,
  openApiDocument,
  pipelineRoutes,
  platformRoutes,
  registryImportRoutes,
  registryRoutes,
  servingRoutes,
  tracingRoutes,
  trackingImportRoutes,
  trackingRoutes,
} from '@flyball/api';
import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import type { Modules } from './modules.ts';
import { forward } from './platform/http/forward.ts';
import { createHttpApp } from './platform/http/http-app.ts';
import { type ServeOptions, serve } from './platform/http/serve.ts';
import { mountWeb } from './platform/http/web-files.ts';
import type { Platform } from './platform/platform.ts';
import { systemHandlers } from './platform/system-handlers.ts';
import { version } from './platform/version.ts';

const MAX_BODY_BYTES = 16 * 1024 * 1024;
const MAX_UPLOAD_BYTES = 1024 ** 4;

export interface ApiOptions {
  /** Parse answers by the contract too, as tests do. */
  readonly checkAnswers?: boolean;
}

export interface PreparedApi {
  /** Where it answers from then on. */
  listen(): Promise<string>;
  close(): Promise<void>;
}

function mountProbes(app: FastifyInstance, platform: Platform): void {
  app.get('/health', () => 'OK');
  app.get('/ready', async () => {
    await platform.database.pool.query('select 1');
    return { ready: true };
  });
  app.get('/metrics', async (_request, reply) => {
    const { registry } = platform.metrics;
    return await reply.type(registry.contentType).send(await registry.metrics());
  });
  // Made when somebody asks: a start has no time for it.
  let document: ReturnType<typeof openApiDocument> | undefined;
  app.get('/openapi.json', () => {
    document ??= openApiDocument(allRoutes, version);
    return document;
  });
}

/** Predictions and labels are the gateway's; who knows only this port is passed on. */
async function mountGateway(app: FastifyInstance, platform: Platform): Promise<void> {
  const { host, gatewayPort } = platform.config;
  const gateway = new URL(`http://${host.includes(':') ? `[${host}]` : host}:${gatewayPort}`);
  const passOn: FastifyPluginAsync = async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
    const paths = ['/v2', '/v2/*', `${apiPrefix}/projects/:project/endpoints/:endpoint/labels`];
    for (const path of paths) {
      scope.all(path, async (request, reply) => await forward(request, reply, gateway));
    }
  };
  await app.register(passOn);
}

function mountModules(app: FastifyInstance, modules: Modules, options: ServeOptions): void {
  serve(app, dataRoutes, modules.data.handlers, options);
  serve(app, featureRoutes, modules.features.handlers, options);
  serve(app, trackingRoutes, modules.tracking.handlers, options);
  serve(app, tracingRoutes, modules.tracing.handlers, options);
  serve(app, trackingImportRoutes, modules.tracking.importHandlers, options);
  serve(app, registryRoutes, modules.registry.handlers, options);
  serve(app, registryImportRoutes, modules.registry.importHandlers, options);
  serve(app, evaluationRoutes, modules.evaluation.handlers, options);
  serve(app, pipelineRoutes, modules.pipelines.handlers, options);
  serve(app, monitoringRoutes, modules.monitoring.handlers, options);
  serve(app, governanceRoutes, modules.governance.handlers, options);
  // Labels are the gateway's, at the same path.
  const { postLabels: _, ...routes } = servingRoutes;
  const { postLabels: __, ...handlers } = modules.serving.handlers;
  serve(app, routes, handlers, options);
}

/** The API role, ready to listen: the native API, foreign doors, the web UI, probes. */
export async function prepareApi(
  platform: Platform,
  modules: Modules,
  options: ApiOptions,
  mountDoors: (app: FastifyInstance) => Promise<void>,
): Promise<PreparedApi> {
  const { config } = platform;
  const app = createHttpApp({
    log: platform.log,
    host: config.host,
    allowedHosts: config.allowedHosts,
    pathPrefix: config.staticPrefix ?? '',
  });
  const serving: ServeOptions = {
    access: platform.access,
    checkAnswers: options.checkAnswers ?? false,
    maxBodyBytes: MAX_BODY_BYTES,
    maxUploadBytes: MAX_UPLOAD_BYTES,
  };
  mountProbes(app, platform);
  await mountGateway(app, platform);
  serve(app, platformRoutes, systemHandlers(platform, version), serving);
  mountModules(app, modules, serving);
  await mountDoors(app);
  await mountWeb(app, config.staticPrefix ?? '');
  await app.ready();
  return {
    async listen() {
      await app.listen({ host: config.host, port: config.port });
      const address = app.server.address() as AddressInfo;
      const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
      return `http://${host}:${address.port}`;
    },
    close: () => app.close(),
  };
}
