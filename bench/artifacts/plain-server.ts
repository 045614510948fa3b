// A file server as one writes it in ten lines: what arrives goes to a file, what is asked for comes from one. With
// `durable` it answers an upload only once the file has reached the disk, as we do.
import { createReadStream, createWriteStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

const [folder = '.', mode] = process.argv.slice(2);

const server = createServer(async (request, response) => {
  const file = join(folder, basename(request.url ?? ''));
  try {
    if (request.method === 'PUT') {
      await pipeline(request, createWriteStream(file));
      if (mode === 'durable') {
        const handle = await open(file);
        await handle.sync();
        await handle.close();
      }
      response.end('{}');
      return;
    }
    response.writeHead(200, { 'content-length': (await stat(file)).size });
    await pipeline(createReadStream(file), response);
  } catch {
    response.destroy();
  }
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.once('disconnect', () => process.exit(0));
