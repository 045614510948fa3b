import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface S3Server {
  readonly endpoint: string;
  readonly bucket: string;
  close(): Promise<void>;
}

/** The credentials that s3rver knows; others it refuses. */
export const s3Credentials = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function untilAnswers(endpoint: string, child: ChildProcess): Promise<void> {
  for (const deadline = Date.now() + 30_000; ; ) {
    if (child.exitCode !== null) throw new Error(`The S3 server at ${endpoint} ended with ${child.exitCode}`);
    if (
      await fetch(endpoint).then(
        () => true,
        () => false,
      )
    )
      return;
    if (Date.now() > deadline) throw new Error(`No answer from the S3 server at ${endpoint}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Starts an S3 server with a command of which `at` makes the arguments, with one empty bucket. */
export async function startS3Server(
  program: string,
  at: (port: number, folder: string, bucket: string) => readonly string[],
): Promise<S3Server> {
  const folder = mkdtempSync(path.join(tmpdir(), 'flyball-s3-'));
  const port = await freePort();
  const bucket = 'flyball-test';
  const child = spawn(program, at(port, folder, bucket), { stdio: 'ignore' });
  const endpoint = `http://127.0.0.1:${port}`;
  const close = async (): Promise<void> => {
    const ended = child.exitCode === null && child.pid !== undefined ? once(child, 'exit') : null;
    child.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await untilAnswers(endpoint, child);
  } catch (error) {
    await close();
    throw error;
  }
  return { endpoint, bucket, close };
}

/** The S3 server of npm. It neither knows conditional writes nor compares signatures of version 4. */
export async function startS3rver(): Promise<S3Server> {
  const home = path.dirname(createRequire(import.meta.url).resolve('s3rver/package.json'));
  const script = path.join(home, 'bin', 's3rver.js');
  return await startS3Server(process.execPath, (port, folder, bucket) => [
    script,
    ...['--directory', folder, '--address', '127.0.0.1', '--port', String(port), '--configure-bucket', bucket],
  ]);
}
