import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { createUserProject, type UserProject } from '../../sdk/src/testing/user-project.ts';
import { createTestServer, type TestServer } from '../../server/src/testing/test-server.ts';
import { guideBlocks, linksOf } from './guide-blocks.ts';

const docs = resolve(import.meta.dirname, '..', '..', 'docs');
const cli = resolve(docs, '..', 'sdk', 'bin', 'flyball.mjs');
const guides = linksOf(readFileSync(join(docs, 'README.md'), 'utf8')).filter((target) => target.startsWith('guides/'));
const hasShell = ['bash', 'curl'].every((name) => spawnSync(name, ['--version']).status === 0);

describe('the guides', { skip: !hasShell && 'they need bash and curl' }, () => {
  let server: TestServer;
  let project: UserProject;

  before(async () => {
    server = await createTestServer({}, ['api', 'worker', 'gateway']);
    project = createUserProject();
  });

  after(async () => {
    await server?.close();
    project?.remove();
  });

  /** What readers paste, in a shell where `flyball` is the command line and the platform is the one of this test. */
  async function paste(script: string): Promise<void> {
    const flyball = `flyball() { "${process.execPath}" "${cli}" "$@"; }`;
    const child = spawn('bash', ['-euo', 'pipefail', '-c', `${flyball}\n${script}`], {
      cwd: project.folder,
      env: { PATH: `${dirname(process.execPath)}:${process.env['PATH']}`, FLYBALL_URL: server.url, NO_COLOR: '1' },
    });
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    assert.equal(code, 0, `${script}\n${out}${err}`);
  }

  for (const guide of guides) {
    it(`${guide} does what it says`, async () => {
      for (const { file, isRun, language, text: block } of guideBlocks(readFileSync(join(docs, guide), 'utf8'))) {
        const here = block.replaceAll('http://127.0.0.1:5050', server.url);
        if (file !== undefined) project.write({ [file]: here });
        if (isRun && language === 'sh') await paste(here);
      }
    });
  }
});
