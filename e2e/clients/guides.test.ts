import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { createTestServer, type TestServer } from '../../server/src/testing/test-server.ts';
import { guideBlocks } from '../../tools/documents/guide-blocks.ts';

const run = promisify(execFile);
const guide = resolve(import.meta.dirname, '..', '..', 'docs', 'guides', 'getting-started.md');
const python = process.env['FLYBALL_CLIENTS_PYTHON'] ?? '';

describe('the Python script of the first guide', { skip: python === '' && 'run it with npm run test:clients' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'flyball-guide-'));
  let server: TestServer;

  before(async () => {
    server = await createTestServer();
  });

  after(async () => {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('leaves a run behind', async () => {
    for (const { file, text } of guideBlocks(readFileSync(guide, 'utf8'))) {
      if (file !== undefined) writeFileSync(join(folder, file), text.replaceAll('http://127.0.0.1:5050', server.url));
    }
    const { stdout: csv } = await run(process.execPath, ['parcels.mjs', '2026-01-01', '28'], { cwd: folder });
    writeFileSync(join(folder, 'january.csv'), csv);
    const env = { PATH: process.env['PATH'] ?? '', HOME: folder, GIT_PYTHON_REFRESH: 'quiet' };
    await run(python, ['train.py'], { cwd: folder, env });
    const { items } = await server.client().searchRuns({ body: { filter: 'metrics.log_loss < 0.7' } });
    assert.deepEqual(
      items.map(({ name, status }) => [name, status]),
      [['logistic', 'FINISHED']],
    );
  });
});
