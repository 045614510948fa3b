import { deepEqual, equal } from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import { createTestServer, type TestServer } from '../server/src/testing/test-server.ts';

describe('the pages of purge and retention', () => {
  let server: TestServer;
  let browser: Browser;
  let experiment: string;
  const complaints: string[] = [];

  before(async () => {
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

  async function open(place: string): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: 1360, height: 900 } });
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
});
