import { deepEqual, equal, ok } from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { allRoutes, createClient } from '@flyball/api';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import type { Report } from '../examples/flights/demo/report.ts';
import { type DemoRun, startDemo } from './demo-run.ts';

const isFocused = (node: Locator): Promise<boolean> => node.evaluate((element) => element === document.activeElement);

const pictures = path.join(import.meta.dirname, '..', '.flyball', 'screenshots');

describe('the pages of the demo', () => {
  let demo: DemoRun;
  let report: Report;
  let browser: Browser;
  const complaints: string[] = [];

  async function open(place: string, scheme: 'light' | 'dark' = 'light'): Promise<Page> {
    const page = await browser.newPage({ colorScheme: scheme, viewport: { width: 1280, height: 900 } });
    page.on('pageerror', (error) => complaints.push(`${place}: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(`${place}: ${message.text()}`);
    });
    await page.goto(`${demo.url}/ui${place}`);
    await page.locator('main h2').first().waitFor();
    return page;
  }

  before(async () => {
    mkdirSync(pictures, { recursive: true });
    demo = await startDemo();
    browser = await chromium.launch({
      executablePath: process.env['FLYBALL_CHROMIUM']!,
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
    });
    report = await demo.report(600_000);
  });

  after(async () => {
    await browser?.close();
    await demo?.stop();
  });

  it('show a story that went as it should', () => {
    deepEqual(
      report.acts.filter((act) => !act.ok),
      [],
      demo.output(),
    );
    equal(report.predictions.lost, 0);
    equal(report.labels.joined, report.labels.sent);
  });

  it('exist for every part of the loop, in light and dark, without an error', async () => {
    const flyball = createClient(allRoutes, { url: demo.url });
    const runs = await flyball.searchRuns({
      body: {
        experimentIds: (await flyball.listExperiments({ query: {} })).items.map(({ experimentId }) => experimentId),
      },
    });
    const pipelineRuns = await flyball.listPipelineRuns({ query: {} });
    const validations = await flyball.listValidations({ params: { dataset: 'flights' }, query: {} });
    const refused = validations.items.find(({ version }) => version === null)!;
    const places = {
      overview: '/',
      datasets: '/datasets',
      dataset: '/datasets/flights',
      validation: `/validations/${refused.id}`,
      features: '/features',
      runs: '/runs',
      run: `/runs/${runs.items[0]!.runId}`,
      models: '/models',
      model: '/models/flight-delay',
      version: '/models/flight-delay/1',
      pipelines: '/pipelines',
      pipeline: '/pipelines/retrain',
      'pipeline-run': `/pipeline-runs/${pipelineRuns.items[0]!.id}`,
      endpoints: '/endpoints',
      endpoint: '/endpoints/flight-delay',
      monitors: '/monitors',
      monitor: '/monitors/flight-delay',
      incidents: '/incidents',
      approvals: '/approvals',
      lineage: '/lineage',
      audit: '/audit',
      settings: '/settings',
    };
    for (const [name, place] of Object.entries(places)) {
      for (const scheme of ['light', 'dark'] as const) {
        const page = await open(place, scheme);
        await page.waitForLoadState('networkidle').catch(() => {});
        await page.locator('[aria-label="loading"]').first().waitFor({ state: 'detached' });
        equal(await page.locator('[role="alert"]').count(), 0, `${place} shows an error`);
        await page.screenshot({ path: path.join(pictures, `${name}-${scheme}.png`), fullPage: true });
        await page.close();
      }
    }
    deepEqual(complaints, []);
  });

  it('prove how a version reached production, section by section', async () => {
    const flyball = createClient(allRoutes, { url: demo.url });
    const { champion } = await flyball.getEndpoint({ params: { endpoint: 'flight-delay' } });
    const page = await open(`/models/flight-delay/${champion}?tab=evidence`);
    const titles = ['Data', 'Code', 'Training run', 'Files', 'Evaluations', 'Gates', 'Approvals', 'Rollouts'];
    for (const title of titles) await page.getByRole('region', { name: title, exact: true }).waitFor();
    const section = (name: string) => page.getByRole('region', { name, exact: true });
    const { digest } = await flyball.getEvidence({ params: { model: 'flight-delay', version: champion ?? 0 } });
    await page.getByText(digest).waitFor();
    await section('Data')
      .getByRole('link', { name: /^flights@/ })
      .first()
      .waitFor();
    await section('Approvals')
      .getByText(/four eyes/i)
      .first()
      .waitFor();
    await section('Rollouts').getByText('promoted').first().waitFor();
    await section('Evaluations').getByRole('button', { name: 'Show the numbers' }).click();
    await section('Evaluations').getByRole('columnheader', { name: 'Observed share' }).waitFor();
    const shown = (await page.locator('main').textContent()) ?? '';
    ok(!/[{[]"/.test(shown), 'the evidence shows raw JSON');
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'JSON' }).click(),
    ]);
    equal(file.suggestedFilename(), `flight-delay-${champion}-evidence.json`);
    await page.close();
  });

  it('open the nodes of graphs by keyboard, which are called by their names', async () => {
    const flyball = createClient(allRoutes, { url: demo.url });
    const { runId } = await flyball.getModelVersion({ params: { model: 'flight-delay', version: 1 } });
    const { name } = await flyball.getRun({ params: { run: runId ?? '' } });
    const lineage = await open(`/lineage?kind=run&id=${runId}`);
    const node = lineage.getByRole('button', { name: `run ${name} …${runId?.slice(-6)}`, exact: true });
    await node.waitFor();
    for (let presses = 0; presses < 100 && !(await isFocused(node)); presses++) await lineage.keyboard.press('Tab');
    equal(await node.evaluate((element) => getComputedStyle(element).outlineStyle), 'solid');
    await lineage.keyboard.press('Enter');
    await lineage
      .getByRole('dialog')
      .getByText(runId ?? '')
      .waitFor();
    await lineage.close();
    const pipeline = await open('/pipelines/retrain');
    await pipeline.getByRole('button', { name: /^step select / }).focus();
    await pipeline.keyboard.press('Enter');
    await pipeline.getByRole('dialog').waitFor();
    await pipeline.close();
    const overview = await open('/');
    await overview.getByRole('link', { name: /^Production champion/ }).focus();
    await overview.keyboard.press('Enter');
    await overview.waitForURL(/\/endpoints\/flight-delay/);
    await overview.close();
  });

  it('page and sort the rows of a dataset on the server, and hold both in the address', async () => {
    const page = await open('/datasets/flights?tab=rows');
    await page.getByRole('button', { name: 'distance' }).click();
    await page.waitForURL(/order=distance/);
    await page.getByRole('button', { name: 'Next' }).click();
    await page.waitForURL(/offset=50/);
    await page.getByText(/^51 … 100 of /).waitFor();
    await page.reload();
    await page.getByText(/^51 … 100 of /).waitFor();
    equal(await page.getByRole('columnheader', { name: /distance/ }).getAttribute('aria-sort'), 'ascending');
    await page.close();
  });

  it("show the numbers of a column's shape", async () => {
    const page = await open('/datasets/flights?tab=profile');
    await page.getByRole('button', { name: 'Show the numbers of distance' }).click();
    const numbers = page.getByRole('dialog');
    await numbers
      .getByText(/^[\d,.]+ to [\d,.]+$/)
      .first()
      .waitFor();
    await page.keyboard.press('Escape');
    await numbers.waitFor({ state: 'hidden' });
    await page.close();
  });

  it('show the rows that were refused', async () => {
    const page = await open('/datasets/flights?tab=validations');
    await page.getByText('refused').first().click();
    await page.getByText('show rows').first().click();
    await page.getByText('Rows that broke').waitFor();
    ok((await page.locator('table').last().locator('tbody tr').count()) > 0);
    await page.close();
  });

  it('answer a prediction from the try-it form', async () => {
    const page = await open('/endpoints/flight-delay?tab=try');
    const question = { origin: 'ORD', destination: 'LAX', distance: '1745', hour: '17', weekday: '5' };
    for (const [input, value] of Object.entries(question)) await page.getByLabel(input).fill(value);
    await page
      .getByRole('button', { name: /predict|ask|try/i })
      .first()
      .click();
    await page
      .getByText(/probability/)
      .first()
      .waitFor();
    await page.close();
  });
});
