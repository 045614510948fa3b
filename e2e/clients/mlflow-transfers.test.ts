import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { CreateBucketCommand, ListMultipartUploadsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { checkObjectStore } from '../../server/src/platform/objects/check-object-store.ts';
import type { ObjectClaims } from '../../server/src/platform/objects/object-claims.ts';
import type { ObjectStore } from '../../server/src/platform/objects/object-store.ts';
import { createS3ObjectStore } from '../../server/src/platform/objects/s3-object-store.ts';
import { parseS3Place } from '../../server/src/platform/objects/s3-place.ts';
import { type S3Server, startS3Server } from '../../server/src/testing/s3-server.ts';
import { createTestServer } from '../../server/src/testing/test-server.ts';

const run = promisify(execFile);
const python = process.env['FLYBALL_CLIENTS_PYTHON'] ?? '';
const credentials = { accessKeyId: 'moto', secretAccessKey: 'moto-secret' };

interface Spoken {
  readonly run?: string;
  readonly model?: string;
  readonly sent: string;
  readonly fetched: string;
}

describe('artifacts in parts, and in S3', { skip: python === '' && 'run it with npm run test:clients' }, () => {
  const home = mkdtempSync(join(tmpdir(), 'flyball-transfers-'));
  let s3: S3Server;
  let client: S3Client;
  let stores = 0;

  before(async () => {
    const moto = join(dirname(python), 'moto_server');
    s3 = await startS3Server(moto, (port) => ['--host', '127.0.0.1', '--port', String(port)]);
    client = new S3Client({ endpoint: s3.endpoint, forcePathStyle: true, region: 'us-east-1', credentials });
    await client.send(new CreateBucketCommand({ Bucket: s3.bucket }));
  });

  after(async () => {
    client.destroy();
    await s3.close();
    rmSync(home, { recursive: true, force: true });
  });

  const placeOf = (prefix: string) => `s3://${s3.bucket}/${prefix}?endpoint=${encodeURIComponent(s3.endpoint)}`;

  async function open(prefix = `store-${++stores}`, claims?: ObjectClaims): Promise<ObjectStore> {
    const more = claims === undefined ? {} : { claims };
    const options = { cacheDir: join(home, prefix), credentials, ...more };
    return await createS3ObjectStore(parseS3Place(placeOf(prefix)), options);
  }

  // For moto every upload was begun in 2010.
  checkObjectStore(async (claims) => await open(undefined, claims), { uploadAges: false });

  it('writes an object once: a second writer is told so, and leaves it alone', async () => {
    const store = await open('once');
    const bytes = Buffer.alloc(9 * 1024 * 1024, 'large');
    const writes = [
      store.put(bytes),
      store.put(bytes),
      store.put(Buffer.from('small')),
      store.put(Buffer.from('small')),
    ];
    await Promise.all(writes);
    const first = await client.send(new ListObjectsV2Command({ Bucket: s3.bucket, Prefix: 'once/objects/' }));
    await store.put(bytes);
    await store.put(Buffer.from('small'));
    const second = await client.send(new ListObjectsV2Command({ Bucket: s3.bucket, Prefix: 'once/objects/' }));
    const times = ({ Contents = [] }: typeof first) => Contents.map(({ Key, LastModified }) => [Key, LastModified]);
    assert.equal(times(first).length, 2);
    assert.deepEqual(times(second), times(first));
  });

  it('leaves nothing of an upload behind but its object', async () => {
    const store = await open('clean');
    await store.put(Buffer.alloc(20_000_000, 'a'));
    const broken = (async function* () {
      yield Buffer.alloc(20_000_000, 'b');
      throw new Error('the client hung up');
    })();
    await assert.rejects(store.put(broken), /hung up/);
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: s3.bucket, Prefix: 'clean/' }));
    assert.deepEqual(
      Contents.map(({ Key = '' }) => Key.replace(/[0-9a-f]{64}$/, '…').replace(/[0-9a-f]{2}\/[0-9a-f]{2}/, '…')),
      ['clean/objects/…/…'],
    );
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: s3.bucket }));
    assert.deepEqual(
      Uploads.filter(({ Key = '' }) => Key.startsWith('clean/')),
      [],
    );
  });

  async function speak(
    url: string,
    environment: Record<string, string>,
    script = 'mlflow_transfers.py',
  ): Promise<Spoken> {
    const { stdout } = await run(python, [join(import.meta.dirname, script)], {
      cwd: home,
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: home,
        MLFLOW_TRACKING_URI: url,
        MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0',
        MLFLOW_DISABLE_TELEMETRY: 'true',
        GIT_PYTHON_REFRESH: 'quiet',
        PYTHONIOENCODING: 'utf-8',
        MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE: '1000000',
        MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE: String(5 * 1024 * 1024),
        MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE: String(3 * 1024 * 1024 + 512 * 1024),
        ...environment,
      },
    });
    return JSON.parse(stdout.trim().split('\n').at(-1)!) as Spoken;
  }

  it("takes parts from mlflow's client and gives it ranges, itself", async () => {
    const server = await createTestServer();
    try {
      const forced = { MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD: 'true', MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD: 'true' };
      const { sent, fetched } = await speak(server.url, forced);
      assert.ok(sent.startsWith(server.url) && fetched.startsWith(server.url), `${sent} ${fetched}`);
    } finally {
      await server.close();
    }
  });

  it('lets clients on the same machine write a root themselves, and reads it', async () => {
    const server = await createTestServer({ defaultArtifactRoot: join(home, 'root'), serveArtifacts: false });
    try {
      const { run: id = '' } = await speak(server.url, {}, 'mlflow_tracking.py');
      const { items } = await server.client().listArtifacts({ params: { run: id }, query: { path: 'folder' } });
      assert.deepEqual(
        items.map(({ path }) => path),
        ['folder/deep', 'folder/notes é.txt'],
      );
      const { model = '' } = await speak(
        server.url,
        { MLFLOW_ALLOW_PICKLE_DESERIALIZATION: 'true' },
        'mlflow_models.py',
      );
      const version = await server.client().getModelVersion({ params: { model, version: 1 } });
      assert.ok(
        version.files.some(({ path }) => path === 'MLmodel'),
        JSON.stringify(version),
      );
    } finally {
      await server.close();
    }
  });

  it("sends mlflow's client to the bucket, which it then does by itself", async () => {
    const before = { ...process.env };
    process.env['AWS_ACCESS_KEY_ID'] = credentials.accessKeyId;
    process.env['AWS_SECRET_ACCESS_KEY'] = credentials.secretAccessKey;
    const server = await createTestServer({ artifactsDestination: placeOf('clients') });
    try {
      const { sent, fetched } = await speak(server.url, {});
      assert.ok(sent.startsWith(s3.endpoint) && fetched.startsWith(s3.endpoint), `${sent} ${fetched}`);
      assert.ok(!(sent + fetched).includes(credentials.secretAccessKey));
    } finally {
      await server.close();
      process.env = before;
    }
  });
});
