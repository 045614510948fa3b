import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { mlflow } from './fill-runs.ts';
import { openRunsBrowser, type RunsBrowser } from './runs-browser.ts';

describe('the pages of runs', () => {
  let on: RunsBrowser;

  const rows = (page: Page) => page.locator('tbody tr:not([aria-hidden])');
  const names = async (page: Page) =>
    (await rows(page).locator('td:nth-child(2) a').allTextContents()).map((name) => name.trim());

  before(async () => {
    on = await openRunsBrowser();
  });

  after(() => on.close());

  it('complete a filter from what was logged, by keyboard, and hold it in the address', async () => {
    const page = await on.open(`/runs?experiment=${on.filled.experiment}`);
    const filter = page.getByRole('textbox', { name: 'Filter' });
    await filter.click();
    await filter.pressSequentially('los');
    await page.getByRole('option', { name: 'metrics.loss', exact: true }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await filter.pressSequentially('<');
    await page.getByRole('option', { name: '<=' }).waitFor();
    await on.picture(page, 'runs-completion');
    await filter.pressSequentially(" 0.05 AND params.optimizer = 'adam'");
    await page.keyboard.press('Enter');
    await page.waitForURL(/filter=/);
    await page.getByText('Filtered runs are not nested').waitFor();
    const { runs } = await mlflow(on.server.url, 'runs/search', {
      experiment_ids: [on.filled.experiment],
      filter: "metrics.loss < 0.05 AND params.optimizer = 'adam'",
      max_results: 1000,
    });
    await page.getByText(`1 … ${runs.length}`, { exact: true }).waitFor();
    equal(await rows(page).count(), runs.length);
    await page.reload();
    await page.getByText(`1 … ${runs.length}`, { exact: true }).waitFor();
    await page.close();
  });

  it("show the server's words about a filter that it does not understand", async () => {
    const page = await on.open('/runs');
    const filter = page.getByRole('textbox', { name: 'Filter' });
    await filter.fill("metricks.loss > 'x'");
    await page.getByRole('button', { name: 'Search' }).click();
    await page.getByText("Invalid entity type 'metricks'").waitFor();
    await on.picture(page, 'runs-bad-filter');
    await page.getByRole('button', { name: 'Clear the filter' }).click();
    await rows(page).first().waitFor();
    await page.close();
  });

  it('sort on the server by several columns and page through the order', async () => {
    const page = await on.open(`/runs?experiment=${on.filled.experiment}&flat=true&size=25`);
    await page.getByRole('button', { name: /^param\s*optimizer/ }).click();
    await page.getByRole('button', { name: /^metric\s*loss/ }).click({ modifiers: ['Shift'] });
    await page.waitForURL(/sort=/);
    const order_by = ['params.optimizer ASC', 'metrics.loss ASC'];
    const { runs } = await mlflow(on.server.url, 'runs/search', {
      experiment_ids: [on.filled.experiment],
      order_by,
      max_results: 1000,
    });
    const expected: string[] = runs.map(({ info }) => info.run_name);
    await page.getByText('1 … 25', { exact: true }).waitFor();
    await page.waitForFunction((name) => document.querySelector('tbody td a')?.textContent === name, expected[0]!);
    deepEqual(await names(page), expected.slice(0, 25));
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByText('26 … 50', { exact: true }).waitFor();
    await page.waitForFunction((name) => document.querySelector('tbody td a')?.textContent === name, expected[25]!);
    deepEqual(await names(page), expected.slice(25, 50));
    equal(await page.getByRole('columnheader', { name: /optimizer/ }).getAttribute('aria-sort'), 'ascending');
    await page.close();
  });

  it('draw only the rows in sight of a long page', async () => {
    const page = await on.open(`/runs?experiment=${on.filled.experiment}&flat=true&size=500`);
    await page.getByText(`1 … ${on.filled.count}`, { exact: true }).waitFor();
    ok((await rows(page).count()) < 100);
    const last = (
      await mlflow(on.server.url, 'runs/search', {
        experiment_ids: [on.filled.experiment],
        max_results: 1000,
      })
    ).runs.at(-1)!.info.run_name;
    await page.locator('.runs-table').evaluate((element) => element.scrollTo(0, element.scrollHeight));
    await page.getByRole('link', { name: last, exact: true }).waitFor();
    await page.close();
  });

  it('show nested runs under their parent, by keyboard too', async () => {
    const page = await on.open(`/runs?experiment=${on.filled.experiment}&filter=&sort=["attributes.run_name DESC"]`);
    await page.getByRole('button', { name: 'Runs nested in sweep' }).waitFor();
    equal(await page.getByRole('link', { name: 'sweep/1', exact: true }).count(), 0);
    await page.locator('tr', { hasText: 'sweep' }).first().focus();
    await page.keyboard.press('ArrowRight');
    await page.getByRole('link', { name: 'sweep/1', exact: true }).waitFor();
    await page.waitForURL(/open=/);
    await on.picture(page, 'runs-nested');
    await page.close();
  });

  it('choose columns by what they are', async () => {
    const page = await on.open(`/runs?experiment=${on.filled.experiment}`);
    await rows(page).first().waitFor();
    await page.getByRole('button', { name: 'Columns' }).click();
    await page.getByRole('textbox', { name: 'Search columns' }).fill('team');
    await page.getByRole('checkbox', { name: 'team', exact: true }).check();
    await page.getByRole('columnheader', { name: /tag\s*team/ }).waitFor();
    await page.getByRole('textbox', { name: 'Search columns' }).fill('');
    await on.picture(page, 'runs-columns');
    await page.keyboard.press('Escape');
    await page.waitForURL(/columns=/);
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'CSV' }).click(),
    ]);
    const lines = readFileSync(await file.path(), 'utf8').split('\n');
    equal(lines.length, on.filled.count + 1);
    match(lines[0]!, /"tags.team"$/);
    await page.close();
  });

  it('tag, delete and restore many runs at once', async () => {
    const filter = encodeURIComponent("tags.team = 'b'");
    const page = await on.open(`/runs?experiment=${on.filled.experiment}&filter=${filter}&size=25`);
    await rows(page).nth(3).waitFor();
    const [first, second] = await names(page);
    for (const name of [first, second])
      await page.getByRole('checkbox', { name: `Select ${name}`, exact: true }).check();
    await page.getByText('2 selected').waitFor();
    await page.getByRole('button', { name: 'Tag', exact: true }).click();
    await page.getByRole('textbox', { name: 'Tag' }).fill('reviewed');
    await page.getByRole('textbox', { name: 'Value' }).fill('yes');
    await page.getByRole('button', { name: 'Set the tag' }).click();
    await page.getByText('2 runs: done').first().waitFor();
    const tagged = await mlflow(on.server.url, 'runs/search', {
      experiment_ids: [on.filled.experiment],
      filter: "tags.reviewed = 'yes'",
    });
    equal(tagged.runs.length, 2);
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('link', { name: first!, exact: true }).waitFor({ state: 'detached' });
    await page.getByText('Trash').click();
    await page.getByRole('link', { name: first!, exact: true }).waitFor();
    equal(await rows(page).count(), 2);
    await page.getByRole('checkbox', { name: 'Select all on this page' }).check();
    await page.getByRole('button', { name: 'Restore' }).click();
    await page.getByText('No run fits the filter').waitFor();
    await page.close();
  });

  it('lead from the table to a comparison with curves, axes and smoothing in the address', async () => {
    const page = await on.open(`/runs?experiment=${on.filled.experiment}`);
    for (let i = 0; i < 3; i++) await page.getByRole('checkbox', { name: `Select rich-${i}`, exact: true }).check();
    await page.getByRole('link', { name: 'Compare' }).click();
    await page.waitForURL(/runs\/compare\?runs=/);
    const chart = page.getByRole('img', { name: 'loss', exact: true });
    await chart.waitFor();
    await page.getByText('Long curves (up to 900 points)').waitFor();
    await page.getByText('Relative time').click();
    await page.getByRole('switch', { name: 'Log y' }).click();
    const slider = page.getByRole('slider', { name: 'Smoothing' });
    await slider.focus();
    for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowRight');
    await page.waitForURL(/x=relative.*logY=true|logY=true.*x=relative/);
    await page.waitForURL(/smooth=0.05/);
    await on.picture(page, 'compare-curves-relative');
    await page.reload();
    await chart.waitFor();
    equal(await page.getByRole('switch', { name: 'Log y' }).isChecked(), true);
    await page.getByRole('button', { name: 'Leave out rich-2' }).click();
    await page.getByRole('button', { name: 'Leave out rich-2' }).waitFor({ state: 'detached' });
    await page.close();
  });

  it('set runs side by side, only where they differ', async () => {
    const page = await on.open(`/runs/compare?runs=${JSON.stringify(on.filled.rich)}&tab=table`);
    const line = (name: string) => page.getByRole('row', { name: new RegExp(name.replace(/[()]/g, '\\$&')) });
    await line('seed').waitFor();
    await line('loss (min)').waitFor();
    await line('flights (training)').getByText('d1').waitFor();
    await page.getByRole('switch', { name: 'Only differences' }).click();
    await line('seed').waitFor({ state: 'detached' });
    await line('optimizer').waitFor();
    await page.waitForURL(/differ=true/);
    await page.close();
  });

  it('brush the axes of parallel coordinates', async () => {
    const { runs } = await mlflow(on.server.url, 'runs/search', {
      experiment_ids: [on.filled.experiment],
      filter: "run_name LIKE 'plain-1%'",
      max_results: 60,
    });
    const ids = runs.map(({ info }) => info.run_id);
    const page = await on.open(`/runs/compare?runs=${JSON.stringify(ids)}&tab=parallel`);
    const plot = page.getByRole('img', { name: 'Parallel coordinates' });
    const box = (await plot.boundingBox())!;
    // The first axis stands where the grid of the plot begins.
    const [x, top, height] = [box.x + 60, box.y + 48, box.height - 72];
    await page.mouse.move(x, top + height * 0.2);
    await page.mouse.down();
    await page.mouse.move(x, top + height * 0.4, { steps: 4 });
    await page.mouse.move(x, top + height * 0.6, { steps: 4 });
    await page.mouse.up();
    await page.getByText(/^\d+ of 60 runs: /).waitFor();
    await on.picture(page, 'compare-parallel-brushed');
    await page.getByRole('link', { name: 'Compare these alone' }).click();
    await page.getByText(/^\d+ of 60 runs: /).waitFor({ state: 'detached' });
    await page.close();
  });

  it('keep notes in Markdown, without anything that could run', async () => {
    const run = on.filled.rich[0]!;
    const page = await on.open(`/runs/${run}?tab=notes`);
    await page.getByRole('button', { name: 'Write notes' }).click();
    const text =
      '# Why\n\n**Bold** and [a link](https://example.com), ![pic](https://example.com/p.png)\n\n' +
      '<img src=x onerror="window.ran=1"> <script>window.ran=1</script> [bad](javascript:window.ran=1)\n\n' +
      '| a | b |\n|---|---|\n| 1 | 2 |\n';
    await page.getByRole('textbox', { name: 'Notes in Markdown' }).fill(text);
    await page.getByText('Preview').click();
    await page.getByRole('heading', { name: 'Why' }).waitFor();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('button', { name: 'Edit' }).waitFor();
    await page.getByRole('cell', { name: '2', exact: true }).waitFor();
    equal(await page.locator('main img, main script').count(), 0);
    equal(await page.getByRole('link', { name: 'bad' }).count(), 0);
    equal(await page.getByRole('link', { name: 'a link' }).getAttribute('rel'), 'noopener noreferrer nofollow');
    equal(await page.evaluate('window.ran'), undefined);
    await on.picture(page, 'run-notes');
    const { runs } = await mlflow(on.server.url, 'runs/search', {
      experiment_ids: [on.filled.experiment],
      filter: "tags.`mlflow.note.content` LIKE '# Why%'",
    });
    equal(runs[0]?.info.run_id, run);
    await page.close();
  });

  it('show the files of a run as what they are, and pages without their scripts', async () => {
    const run = on.filled.rich[1]!;
    const client = on.server.client();
    const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
    const files = {
      'rows.csv': 'name,note\nada,"one, two"\nbob,<b>3</b>\n',
      'report.html': '<h1>Report</h1><script>parent.ran = 1; document.title = "ran"</script>',
      'data.json': '{"a":{"b":1}}',
      'pixel.png': Buffer.from(pixel, 'base64'),
      'readme.md': '## Read me',
      'model/MLmodel': 'flavors: {}',
    };
    for (const [name, upload] of Object.entries(files)) {
      await client.putArtifact({ params: { run, path: name }, upload });
    }
    const page = await on.open(`/runs/${run}?tab=artifacts`);
    const choose = (name: string) => page.getByRole('button', { name: new RegExp(`^${name}`) }).click();
    await choose('rows.csv');
    await page.getByRole('cell', { name: 'one, two' }).waitFor();
    await page.getByRole('cell', { name: '<b>3</b>' }).waitFor();
    await on.picture(page, 'run-artifact-csv');
    await choose('report.html');
    const frame = page.frameLocator('iframe[title="report.html"]');
    await frame.getByRole('heading', { name: 'Report' }).waitFor();
    equal(await page.locator('iframe').getAttribute('sandbox'), '');
    equal(await page.evaluate('window.ran'), undefined);
    await on.picture(page, 'run-artifact-html');
    await choose('data.json');
    await page.getByText('"b": 1').waitFor();
    await choose('pixel.png');
    await page.getByRole('img', { name: 'pixel.png' }).waitFor();
    await choose('readme.md');
    await page.getByRole('heading', { name: 'Read me' }).waitFor();
    await page.waitForURL(/file=readme.md/);
    await page.close();
  });

  it('tell how to run it again, and which model versions came of it', async () => {
    const run = on.filled.rich[1]!;
    await mlflow(on.server.url, 'registered-models/create', { name: 'delays' });
    await mlflow(on.server.url, 'model-versions/create', { name: 'delays', source: `runs:/${run}/model`, run_id: run });
    await mlflow(on.server.url, 'runs/set-tag', { run_id: run, key: 'mlflow.source.name', value: 'train it.py' });
    await mlflow(on.server.url, 'runs/set-tag', { run_id: run, key: 'mlflow.source.git.commit', value: 'abc123' });
    const page = await on.open(`/runs/${run}?tab=models`);
    await page.getByRole('link', { name: 'delays 1' }).waitFor();
    await page.getByRole('tab', { name: 'Reproduce' }).click();
    await page.getByText("python 'train it.py'").waitFor();
    await on.picture(page, 'run-reproduce');
    await page.close();
  });

  for (const scheme of ['light', 'dark'] as const) {
    it(`look as they should, ${scheme}`, async () => {
      const page = await on.open(`/runs?experiment=${on.filled.experiment}`, scheme);
      await rows(page).nth(5).waitFor();
      await page
        .getByRole('checkbox', { name: /^Select / })
        .nth(2)
        .check();
      await on.picture(page, `runs-table-${scheme}`);
      await page.goto(`${on.server.url}/ui/runs?stage=deleted`);
      await page.getByText('The trash is empty').waitFor();
      await on.picture(page, `runs-empty-${scheme}`);
      const runs = JSON.stringify(on.filled.rich);
      for (const tab of ['curves', 'table', 'scatter', 'parallel']) {
        await page.goto(`${on.server.url}/ui/runs/compare?runs=${runs}&tab=${tab}`);
        await page.getByRole('tabpanel').waitFor();
        await on.picture(page, `compare-${tab}-${scheme}`);
        equal(await page.locator('[role="alert"]').count(), 0);
      }
      await page.goto(`${on.server.url}/ui/runs/${on.filled.long}?tab=notes`);
      await page.getByText('No notes yet').waitFor();
      await on.picture(page, `run-long-name-${scheme}`);
      await page.close();
    });
  }
});
