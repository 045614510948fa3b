import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

const root = fileURLToPath(new URL('../../../../web/dist/', import.meta.url));

/** Pages of the UI: any path that names no file is the application, which routes by itself. */
export async function mountWeb(app: FastifyInstance): Promise<void> {
  if (!existsSync(path.join(root, 'index.html'))) {
    app.get('/', async (_request, reply) =>
      reply
        .type('text/plain; charset=utf-8')
        .send('Flyball runs. The web UI is not built: start it with "npm start".\n'),
    );
    return;
  }
  await app.register(fastifyStatic, {
    root,
    wildcard: false,
    cacheControl: true,
    maxAge: '1h',
    setHeaders: (reply, file) => {
      if (file.endsWith('.html')) reply.header('cache-control', 'no-store');
      if (file.includes(`${path.sep}assets${path.sep}`)) {
        reply.header('cache-control', 'public, max-age=31536000, immutable');
      }
      reply.header(
        'content-security-policy',
        "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
      );
    },
  });
  app.get('/ui/*', async (_request, reply) => reply.sendFile('index.html'));
}
