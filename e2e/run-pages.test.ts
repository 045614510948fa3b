import { deepEqual, equal } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { mlflow } from './fill-runs.ts';
import { openRunsBrowser, type RunsBrowser } from './runs-browser.ts';

/** As clients before 3.0 begin a trace. */
async function openTrace(url: string, experiment: string): Promise<{ id: string; place: string }> {
  const answer = await fetch(`${url}/api/2.0/mlflow/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ experiment_id: experiment, timestamp_ms: 1_790_000_000_000 }),
  });
  const { trace_info: info } = (await answer.json()) as {
    trace_info: { request_id: string; tags: { key: string; value: string }[] };
  };
  const location = info.tags.find(({ key }) => key === 'mlflow.artifactLocation')?.value ?? '';
  return { id: info.request_id, place: location.replace('mlflow-artifacts:', '') };
}

describe('the page of a run and traces', () => {
  let on: RunsBrowser;

  before(async () => {
    on = await openRunsBrowser();
  });

  after(() => on.close());

  const put = async (path: string, upload: string | Buffer<ArrayBuffer>) =>
    await on.server.client().putArtifact({ params: { run: on.filled.rich[0]!, path }, upload });

  const choose = (page: Page, name: string) => page.getByRole('button', { name: new RegExp(`^${name}`) }).click();

  it('shows what the machine measured apart from what was trained', async () => {
    const run = on.filled.rich[0]!;
    const metrics = Array.from({ length: 30 }, (_, step) => ({
      key: 'system/cpu_utilization_percentage',
      value: 40 + 10 * Math.sin(step),
      step,
      timestamp: 1_790_000_000_000 + 10_000 * step,
    }));
    await mlflow(on.server.url, 'runs/log-batch', { run_id: run, metrics });
    const page = await on.open(`/runs/${run}?tab=system`);
    await page.getByRole('img', { name: 'cpu_utilization_percentage' }).waitFor();
    await on.picture(page, 'run-system');
    await page.getByRole('tab', { name: 'Curves' }).click();
    await page.getByRole('img', { name: /^loss/ }).waitFor();
    equal(await page.getByRole('img', { name: /cpu_utilization/ }).count(), 0);
    await page.close();
  });

  it('reads tables, notebooks, models, audio and papers among the artifacts', async () => {
    const table = await on.server.platform.analytics.run({ name: 'test' }, async (session) =>
      readFileSync(
        (await session.copyToParquet("select i, 'row ' || i as name from range(1000) t(i)", 'x.parquet')).path,
      ),
    );
    const notebook = {
      nbformat: 4,
      cells: [
        { cell_type: 'markdown', source: '# Looked at' },
        {
          cell_type: 'code',
          execution_count: 1,
          source: 'show()',
          outputs: [
            { output_type: 'stream', text: 'said this' },
            {
              output_type: 'execute_result',
              data: { 'text/html': '<b>bold</b><script>parent.parent.ran = 1</script>' },
            },
          ],
        },
      ],
    };
    const model = `flavors:\n  sklearn: {}\nsignature:\n  inputs: '[{"type": "double", "name": "sepal length"}]'\n`;
    const wav = Buffer.alloc(44 + 800);
    wav.write('RIFF', 0);
    wav.writeUInt32LE(836, 4);
    wav.write('WAVEfmt ', 8);
    wav.writeUInt32LE(16, 16);
    wav.writeUInt16LE(1, 20);
    wav.writeUInt16LE(1, 22);
    wav.writeUInt32LE(8000, 24);
    wav.writeUInt32LE(8000, 28);
    wav.writeUInt16LE(1, 32);
    wav.writeUInt16LE(8, 34);
    wav.write('data', 36);
    wav.writeUInt32LE(800, 40);
    await put('rows.parquet', table);
    await put('look.ipynb', JSON.stringify(notebook));
    await put('MLmodel', model);
    await put('tone.wav', wav);
    await put(
      'paper.pdf',
      '%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj 3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\ntrailer<</Root 1 0 R>>',
    );
    await put('broken.parquet', 'this is none');
    const page = await on.open(`/runs/${on.filled.rich[0]}?tab=artifacts`);
    await choose(page, 'rows.parquet');
    await page.getByText('1 … 25 of 1,000 rows').waitFor();
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByText('26 … 50 of 1,000 rows').waitFor();
    await on.picture(page, 'run-artifact-parquet');
    await choose(page, 'broken.parquet');
    await page.getByRole('alert').waitFor();
    await choose(page, 'look.ipynb');
    await page.getByRole('heading', { name: 'Looked at' }).waitFor();
    const frame = page.locator('iframe');
    equal(await frame.getAttribute('sandbox'), '');
    await page.frameLocator('iframe').getByText('bold').waitFor();
    equal(await page.evaluate('window.ran'), undefined);
    await on.picture(page, 'run-artifact-notebook');
    await choose(page, 'MLmodel');
    await page.getByRole('cell', { name: 'sepal length' }).waitFor();
    await on.picture(page, 'run-artifact-model');
    await choose(page, 'tone.wav');
    await page.waitForFunction(() => document.querySelector('audio')?.duration === 0.1);
    await choose(page, 'paper.pdf');
    await page.locator('iframe[title="paper.pdf"]').waitFor();
    await page.waitForTimeout(1500);
    await on.picture(page, 'run-artifact-pdf');
    await page.close();
  });

  it('shows logs, and what went in and came out', async () => {
    await put('logs/train.log', 'epoch 1\nepoch 2\n');
    const page = await on.open(`/runs/${on.filled.rich[0]}?tab=logs`);
    await page.getByText('epoch 2').waitFor();
    await page.getByRole('tab', { name: 'Inputs and outputs' }).click();
    await page.getByRole('cell', { name: 'flights' }).first().waitFor();
    await on.picture(page, 'run-lineage');
    await page.getByRole('link', { name: /^…/ }).click();
    await page.waitForURL(/lineage\?kind=external_dataset/);
    await page.getByRole('heading', { name: 'Lineage', exact: true }).waitFor();
    await page.getByText('training', { exact: true }).first().waitFor();
    await on.picture(page, 'run-lineage-source');
    await page.close();
  });

  it('shows the spans that an older client keeps as a file of the trace', async () => {
    const info = await openTrace(on.server.url, on.filled.experiment);
    const span = (name: string, own: string, parent: string | null, from: number, until: number) => ({
      name,
      context: { span_id: own, trace_id: '0x1' },
      parent_id: parent,
      start_time: from,
      end_time: until,
      status_code: 'OK',
      status_message: '',
      attributes: { 'mlflow.spanType': '"RETRIEVER"' },
      events: [],
    });
    const spans = [span('answer', '0x1', null, 1_000_000, 9_000_000), span('look up', '0x2', '0x1', 2e6, 5e6)];
    const url = `${on.server.url}/api/2.0/mlflow-artifacts/artifacts${info.place}/traces.json`;
    equal((await fetch(url, { method: 'PUT', body: JSON.stringify({ spans }) })).status, 200);
    const page = await on.open(`/traces/${info.id}`, 'dark');
    await page.getByRole('treeitem', { name: /look up/ }).waitFor();
    await on.picture(page, 'trace-of-file');
    await page.close();
  });

  for (const scheme of ['light', 'dark'] as const) {
    it(`shows traces with their spans over time, ${scheme}`, async () => {
      const id = (scheme === 'light' ? 'ab' : 'cd').repeat(16);
      const span = (name: string, own: number, parent: number | null, from: number, until: number) => ({
        traceId: id,
        spanId: String(own).padStart(16, '0'),
        parentSpanId: parent === null ? '' : String(parent).padStart(16, '0'),
        name,
        startTimeUnixNano: String(1_790_000_000_000_000_000n + BigInt(from) * 1_000_000n),
        endTimeUnixNano: String(1_790_000_000_000_000_000n + BigInt(until) * 1_000_000n),
        attributes: [
          { key: 'mlflow.spanType', value: { stringValue: name === 'ask' ? 'LLM' : 'TOOL' } },
          { key: 'mlflow.spanInputs', value: { stringValue: '{"question": "why"}' } },
        ],
        status: name === 'fails' ? { code: 2, message: 'it broke' } : { code: 1 },
      });
      const spans = [
        span('answer', 1, null, 0, 900),
        span('look up', 2, 1, 20, 300),
        span('ask', 3, 1, 310, 880),
        span('fails', 4, 2, 40, 120),
      ];
      await fetch(`${on.server.url}/v1/traces`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-mlflow-experiment-id': on.filled.experiment },
        body: JSON.stringify({ resourceSpans: [{ resource: {}, scopeSpans: [{ scope: {}, spans }] }] }),
      });
      await mlflow(on.server.url, 'traces/link-to-run', { run_id: on.filled.rich[1], trace_ids: [`tr-${id}`] });
      const page = await on.open('/traces?traceFilter=nonsense', scheme);
      await page.getByText('The server does not understand the filter').waitFor();
      await page.goto(`${on.server.url}/ui/runs/${on.filled.rich[1]}?tab=traces`);
      await page.getByRole('link', { name: `tr-${id}` }).waitFor();
      await on.picture(page, `traces-${scheme}`);
      await page.getByRole('link', { name: `tr-${id}` }).click();
      const tree = page.getByRole('tree', { name: 'Spans' });
      await tree.waitFor();
      deepEqual(
        await tree.getByRole('treeitem').evaluateAll((all) => all.map((one) => one.getAttribute('aria-level'))),
        ['1', '2', '3', '2'],
      );
      await tree.getByRole('treeitem', { name: /look up/ }).focus();
      await page.keyboard.press('ArrowLeft');
      await tree.getByText('fails').waitFor({ state: 'detached' });
      await page.keyboard.press('ArrowRight');
      await tree.getByRole('treeitem', { name: /fails/ }).click();
      await page.getByText('it broke').waitFor();
      await page.waitForURL(/span=/);
      await on.picture(page, `trace-${scheme}`);
      await page.close();
    });
  }
});
