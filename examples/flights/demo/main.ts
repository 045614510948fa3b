import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { badDataIsStopped } from './act-1-bad-data.ts';
import { firstChampion } from './act-2-first-champion.ts';
import { timePasses } from './act-3-time-passes.ts';
import { betterFeatures } from './act-4-better-features.ts';
import { badRelease } from './act-5-bad-release.ts';
import { openFlights } from './flights-source.ts';
import { meanLogLoss } from './log-loss.ts';
import { memoryMb, type RunningPlatform, startPlatform } from './platform.ts';
import { Replay } from './replay.ts';
import { quantile, type Report, startBaselines, tellReport } from './report.ts';
import { type Act, fullCalendar, play, type Story, shortCalendar } from './story.ts';
import { Watch } from './watch.ts';

const { values: options } = parseArgs({
  options: {
    exit: { type: 'boolean', default: false },
    report: { type: 'string' },
    short: { type: 'boolean', default: false },
    port: { type: 'string', default: '5050' },
    'gateway-port': { type: 'string', default: '5052' },
    'data-dir': { type: 'string', default: '.flyball/demo' },
  },
});

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Looks at the memory of this process and everything it has started, ten times in a minute. */
function watchMemory(): { peak(): number; stop(): void } {
  let most = 0;
  const look = async (): Promise<void> => {
    most = Math.max(most, await memoryMb(process.pid));
  };
  const timer = setInterval(() => void look(), 6000);
  return { peak: () => most, stop: () => clearInterval(timer) };
}

async function championTrees({ flyball }: Story): Promise<string> {
  const { champion } = await flyball.getEndpoint({ params: { endpoint: 'flight-delay' } });
  const params = { model: 'flight-delay', version: champion! };
  const { files } = await flyball.getModelVersion({ params });
  const trees = files.find((file) => file.path.endsWith('trees.json'))!;
  const answer = await flyball.getModelFile({ params, query: { path: trees.path } });
  return await answer.text();
}

async function playAll(
  story: Story,
): Promise<{ acts: Act[]; baselines: Awaited<ReturnType<typeof startBaselines>> | null }> {
  const acts = [await play('Bad data is stopped', story, badDataIsStopped)];
  story.source.close();
  acts.push(await play('The first champion', story, firstChampion));
  if (acts.some(({ ok }) => !ok)) return { acts, baselines: null };
  const { launch, end } = story.calendar;
  const baselines = startBaselines({ trees: await championTrees(story), from: launch, until: end });
  acts.push(await play('Time passes', story, timePasses));
  acts.push(await play('Better features', story, betterFeatures));
  acts.push(await play('A bad release', story, badRelease));
  return { acts, baselines: await baselines };
}

async function writeReport(
  story: Story,
  result: Awaited<ReturnType<typeof playAll>>,
  started: number,
  peakMb: number,
): Promise<Report> {
  const { flyball, replay } = story;
  await replay.land();
  const endpoint = await flyball.getEndpoint({ params: { endpoint: 'flight-delay' } });
  const { traffic, latenciesMs } = replay;
  const facts = await story.watch.facts();
  const lost = traffic.sent - endpoint.predictions;
  return {
    ok:
      result.acts.length === 5 &&
      result.acts.every(({ ok }) => ok) &&
      lost === 0 &&
      traffic.labelsJoined === traffic.labelsSent,
    acts: result.acts,
    predictions: { sent: traffic.sent, answered: traffic.answered, logged: endpoint.predictions, lost },
    labels: { sent: traffic.labelsSent, joined: traffic.labelsJoined },
    logLoss: {
      firstChampion: result.baselines?.firstChampion ?? Number.NaN,
      weeklyRetraining: result.baselines?.weeklyRetraining ?? Number.NaN,
      flyball: meanLogLoss(story.flights, replay.probability),
    },
    ...facts,
    latencyMs: { p50: quantile(latenciesMs, 0.5), p99: quantile(latenciesMs, 0.99) },
    seconds: (performance.now() - started) / 1000,
    peakMemoryMb: peakMb,
  };
}

async function tellStory(platform: RunningPlatform, started: number): Promise<Report> {
  const folder = await mkdtemp(path.join(tmpdir(), 'flyball-demo-'));
  const memory = watchMemory();
  const source = await openFlights();
  try {
    const calendar = options.short ? shortCalendar : fullCalendar;
    const flights = await source.read(calendar.launch, calendar.end);
    const { flyball, gatewayUrl, url } = platform;
    const replay = new Replay(flights, flyball, 'flight-delay', gatewayUrl);
    const watch = new Watch(flyball, say);
    const story: Story = { flyball, url, gatewayUrl, source, folder, calendar, flights, replay, watch, say };
    const result = await playAll(story);
    const report = await writeReport(story, result, started, memory.peak());
    replay.close();
    return report;
  } finally {
    memory.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  const started = performance.now();
  say('Flyball: the loop on three million real flights');
  const dataDir = path.resolve(options['data-dir']);
  const platform = await startPlatform({ dataDir, port: options.port, gatewayPort: options['gateway-port'] });
  say(`The platform runs at ${platform.url}; watch it there while the story goes on`);
  let ok = false;
  try {
    const report = await tellStory(platform, started);
    ok = report.ok;
    say(tellReport(report));
    if (options.report !== undefined) await writeFile(options.report, `${JSON.stringify(report, null, 2)}\n`);
  } catch (error) {
    say(`The story broke off: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
  process.exitCode = ok ? 0 : 1;
  if (options.exit) {
    await platform.stop();
    return;
  }
  say(`The platform keeps running at ${platform.url} (Ctrl-C stops it)`);
  await platform.ended;
}

await main();
