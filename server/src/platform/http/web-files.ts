import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { serverFolder } from '../server-files.ts';

const root = fileURLToPath(new URL('../web/dist/', serverFolder));

const noPages = 'Flyball runs. The web UI is not built: start it with "npm start".\n';
const policy =
  "default-src 'self'; img-src 'self' data: blob:; media-src blob:; frame-src blob:; object-src blob:; " +
  "style-src 'self' 'unsafe-inline'; frame-ancestors 'none'";

/** The page that is the application, told what stands in front of its paths. */
function readIndex(file: string, pathPrefix: string): string {
  return readFileSync(file, 'utf8')
    .replace('name="flyball-path-prefix" content=""', `name="flyball-path-prefix" content="${pathPrefix}"`)
    .replaceAll('="./', `="${pathPrefix}/`);
}

/** Pages of the UI: any path that names no file is the application, which routes by itself. */
export async function mountWeb(app: FastifyInstance, pathPrefix: string): Promise<void> {
  const file = path.join(root, 'index.html');
  if (!existsSync(file)) {
    app.get('/', async (_request, reply) => reply.type('text/plain; charset=utf-8').send(noPages));
    return;
  }
  const index = readIndex(file, pathPrefix);
  await app.register(fastifyStatic, {
    root: path.join(root, 'assets'),
    prefix: '/assets/',
    index: false,
    dotfiles: 'ignore',
    // The name of each tells what is in it.
    immutable: true,
    maxAge: '1y',
    setHeaders: (reply) => void reply.header('content-security-policy', policy),
  });
  for (const place of ['/', '/ui', '/ui/*']) {
    app.get(place, async (_request, reply) =>
      reply
        .headers({ 'cache-control': 'no-store', 'content-security-policy': policy })
        .type('text/html; charset=utf-8')
        .send(index),
    );
  }
}
