import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { Readable } from 'node:stream';

const block = randomBytes(1024 * 1024);

function* blocks(bytes: number): Generator<Uint8Array> {
  // The start differs each time: the same content again would be stored already.
  yield randomBytes(64);
  for (let left = bytes - 64; left > 0; left -= block.length)
    yield left < block.length ? block.subarray(0, left) : block;
}

/** Sends that many bytes; returns the seconds until they were acknowledged. */
export async function upload(url: string, bytes: number): Promise<number> {
  const begun = performance.now();
  const sent = request(url, { method: 'PUT', headers: { 'content-length': bytes }, agent: false });
  Readable.from(blocks(bytes), { objectMode: false, highWaterMark: 1024 * 1024 }).pipe(sent);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  answer.resume();
  await once(answer, 'end');
  if (answer.statusCode !== 200) throw new Error(`${url} answers ${answer.statusCode}`);
  return (performance.now() - begun) / 1000;
}

/** Fetches them; returns the seconds until the last one. */
export async function download(url: string, bytes: number): Promise<number> {
  const begun = performance.now();
  const sent = request(url, { agent: false }).end();
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  let seen = 0;
  answer.on('data', (chunk: Buffer) => {
    seen += chunk.length;
  });
  await once(answer, 'end');
  if (answer.statusCode !== 200 || seen !== bytes) throw new Error(`${url}: ${answer.statusCode}, ${seen} bytes`);
  return (performance.now() - begun) / 1000;
}
