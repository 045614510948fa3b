import { deepEqual, equal, rejects } from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import { createTestServer, type TestServer } from '../server/src/testing/test-server.ts';

const pictures = path.join(import.meta.dirname, '..', '.flyball', 'screenshots');

describe('the pages of purge and retention', () => {
  let server: TestServer;
  let browser: Browser;
  let experiment: string;
  const complaints: string[] = [];

  before(async () => {
    mkdirSync(pictures, { recursive: true });
    server = await createTestServer();
    browser = await chromium.launch({ executablePath: process.env['FLYBALL_CHROMIUM']!, args: ['--no-sandbox'] });
    const client = server.client();
    ({ experimentId: experiment } = await client.createExperiment({ body: { name: 'old things' } }));
    const runIds: string[] = [];
    for (const name of ['one', 'two', 'three']) {
      const { runId } = await client.startRun({ body: { experimentId: experiment, name } });
      runIds.push(runId);
    }
    await client.changeRuns({ body: { runIds, stage: 'deleted' } });
  });

  after(async () => {
    await browser?.close();
    await server?.close();
    deepEqual(complaints, []);
  });

  async function open(place: string, scheme: 'light' | 'dark' = 'light'): Promise<Page> {
    const page = await browser.newPage({ colorScheme: scheme, viewport: { width: 1360, height: 900 } });
    page.on('pageerror', (error) => complaints.push(`${place}: ${error.message}`));
    await page.goto(`${server.url}/ui${place}`);
    await page.locator('main h2').first().waitFor();
    return page;
  }

  it('delete runs in the trash for good, after a question', async () => {
    const page = await open(`/runs?experiment=${experiment}&stage=deleted`);
    for (const name of ['one', 'two']) {
      await page.getByRole('checkbox', { name: `Select ${name}`, exact: true }).check();
    }
    const ask = page.getByRole('button', { name: 'Delete for good' });
    await ask.click();
    const dialog = page.getByRole('dialog', { name: 'Delete 2 runs for good?' });
    await dialog.getByRole('button', { name: 'Keep them' }).click();
    await dialog.waitFor({ state: 'detached' });
    equal(await page.getByRole('link', { name: 'one', exact: true }).count(), 1);
    await ask.click();
    const confirm = dialog.getByRole('button', { name: 'Delete for good' });
    await dialog.getByRole('checkbox').check();
    equal(await confirm.isDisabled(), true);
    await dialog.getByRole('textbox').fill('no longer needed');
    await confirm.click();
    await page.getByRole('link', { name: 'one', exact: true }).waitFor({ state: 'detached' });
    await page.getByRole('link', { name: 'three', exact: true }).waitFor();
    const { items } = await server.client().listPurges({ query: {} });
    deepEqual(
      items.map(({ reason }) => reason),
      ['no longer needed', 'no longer needed'],
    );
    await page.close();
  });

  it('keep the rule of an experiment', async () => {
    const page = await open(`/runs?experiment=${experiment}`);
    await page.getByRole('button', { name: 'Retention' }).click();
    const dialog = page.getByRole('dialog', { name: 'How long runs are kept' });
    await dialog.getByRole('textbox', { name: 'Move ended runs into the trash after' }).fill('90');
    await dialog.getByRole('textbox', { name: 'Delete runs in the trash for good after' }).fill('30');
    await dialog.getByRole('textbox', { name: 'Except runs with the tag' }).fill('golden');
    await dialog.getByRole('button', { name: 'Keep this rule' }).click();
    await dialog.waitFor({ state: 'detached' });
    deepEqual(await server.client().getRetentionRule({ params: { experiment } }), {
      deleteAfterDays: 90,
      purgeAfterDays: 30,
      keepTag: 'golden',
    });
    await page.close();
  });

  /** An experiment with two runs and a file. */
  async function fill(name: string): Promise<string> {
    const client = server.client();
    const { experimentId } = await client.createExperiment({ body: { name } });
    for (const run of ['first', 'second']) {
      const { runId } = await client.startRun({ body: { experimentId, name: run } });
      const metrics = Array.from({ length: 30 }, (_, step) => ({ key: 'loss', value: step, step }));
      await client.logBatch({ params: { run: runId }, body: { metrics } });
      await client.putArtifact({ params: { run: runId, path: 'notes.txt' }, upload: `of ${run}` });
    }
    return experimentId;
  }

  async function picture(page: Page, name: string): Promise<void> {
    await page.waitForTimeout(400);
    await page.screenshot({ path: path.join(pictures, `${name}.png`), fullPage: true });
  }

  it('move an experiment into the trash and restore it', async () => {
    const id = await fill('moved and restored');
    const page = await open(`/runs?experiment=${id}`);
    await page.getByRole('button', { name: 'Remove experiment' }).click();
    const dialog = page.getByRole('dialog', { name: 'Move this experiment to the trash?' });
    await dialog.getByRole('button', { name: 'Keep it' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Remove experiment' }).click();
    await dialog.getByRole('button', { name: 'Move to trash' }).click();
    const row = page.getByRole('row', { name: 'moved and restored' });
    await row.waitFor();
    await picture(page, 'trash-experiments-light');
    equal((await server.client().getExperiment({ params: { experiment: id } })).lifecycleStage, 'deleted');
    await page.getByRole('button', { name: 'Restore moved and restored' }).click();
    await row.waitFor({ state: 'detached' });
    const { lifecycleStage, runCount } = await server.client().getExperiment({ params: { experiment: id } });
    deepEqual([lifecycleStage, runCount], ['active', 2]);
    await page.close();
  });

  it('delete an experiment for good, once what goes was named, and show how far that is', async () => {
    const id = await fill('gone for good');
    await server.client().moveExperiment({ params: { experiment: id }, body: { stage: 'deleted' } });
    const page = await open('/runs?stage=deleted');
    await page.getByText('Experiments', { exact: true }).click();
    await page.getByRole('button', { name: 'Delete gone for good for good' }).click();
    const dialog = page.getByRole('dialog', { name: 'Delete the experiment “gone for good” for good?' });
    await dialog.getByText('2 runs with their metrics, parameters and tags').waitFor();
    await dialog.getByText('2 files, 17 B').waitFor();
    await picture(page, 'trash-purge-dialog-light');
    await dialog.getByRole('textbox').fill('nobody needs it');
    await dialog.getByRole('button', { name: 'Delete for good' }).click();
    const row = page.getByRole('row', { name: 'gone for good' });
    await row.getByText('finished').waitFor();
    await row.getByText('2 runs, 60 points, 2 files').waitFor();
    await row.getByText('nobody needs it').waitFor();
    await page.close();
    await rejects(server.client().getExperiment({ params: { experiment: id } }), { code: 'not_found' });
  });

  it('show purges under way, what stops them, and where files stay', async () => {
    const { pool } = server.platform.database;
    const columns = 'project, kind, subject, title, experiment, asked_by, asked_at';
    await pool.query(
      `insert into tracking.purge (${columns}, points, expected_points, error, left_at) values
         ('default', 'run', 'aa11', 'large run', 0, 'me', now(), 2500000, 6000000, null, null),
         ('default', 'run', 'bb22', 'stuck run', 0, 'me', now(), 10, 100, 'The disk is full', null),
         ('default', 'run', 'cc33', 'of a bucket', 0, 'me', now(), 0, null, null, 's3://their-bucket/models/cc33')`,
    );
    for (const scheme of ['light', 'dark'] as const) {
      const page = await open('/runs?stage=deleted&trash=purges', scheme);
      const row = page.getByRole('row', { name: 'large run' });
      await row.getByText('2,500,000 of 6,000,000 points').waitFor();
      await row.getByRole('progressbar', { name: 'Progress of large run' }).waitFor();
      await page.getByRole('row', { name: 'stuck run' }).getByText('The disk is full. It is tried again.').waitFor();
      await page.getByText('Files stay at s3://their-bucket/models/cc33').waitFor();
      await picture(page, `trash-purges-${scheme}`);
      if (scheme === 'dark') {
        await pool.query('update tracking.purge set points = 6000000, finished_at = now() where finished_at is null');
        await row.getByText('finished').waitFor();
      }
      await page.close();
    }
    const page = await open('/runs?stage=deleted&trash=experiments', 'dark');
    await page.getByText('Nothing yet').waitFor();
    await page.close();
  });
});
