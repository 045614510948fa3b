import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMetrics } from './metrics.ts';

describe('metrics', () => {
  it('keeps the metrics of two programs apart, and labels them', async () => {
    const [api, worker] = [createMetrics('api'), createMetrics('worker')];
    for (const metrics of [api, worker]) metrics.counter({ name: 'requests_total', help: 'Requests.' }).inc(2);
    assert.match(await api.registry.metrics(), /^flyball_requests_total\{program="api"\} 2$/m);
    assert.match(await worker.registry.metrics(), /^flyball_requests_total\{program="worker"\} 2$/m);
    assert.match(await api.registry.metrics(), /^process_resident_memory_bytes\{program="api"\} \d+$/m);
  });

  it('offers gauges that read their value when asked, and histograms in seconds', async () => {
    const metrics = createMetrics('api');
    let depth = 1;
    metrics.gauge({
      name: 'depth',
      help: 'Depth.',
      labels: ['queue'],
      collect: (gauge) => gauge.set({ queue: 'a' }, depth),
    });
    const seconds = metrics.histogram({ name: 'duration_seconds', help: 'Duration.', labels: ['route'] });
    seconds.observe({ route: '/x' }, 0.02);
    depth = 7;
    const text = await metrics.registry.metrics();
    assert.match(text, /^flyball_depth\{queue="a",program="api"\} 7$/m);
    assert.match(text, /^flyball_duration_seconds_bucket\{le="0.025",program="api",route="\/x"\} 1$/m);
    assert.match(text, /^flyball_duration_seconds_bucket\{le="0.01",program="api",route="\/x"\} 0$/m);
  });
});
