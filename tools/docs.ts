// npm run docs: writes the parts of docs/ that follow from the code; with --check only says which are stale.
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import {
  dataRoutes,
  evaluationRoutes,
  featureRoutes,
  governanceRoutes,
  monitoringRoutes,
  pipelineRoutes,
  platformRoutes,
  registryImportRoutes,
  registryRoutes,
  servingRoutes,
  trackingImportRoutes,
  trackingRoutes,
} from '@flyball/api';
import { architecturePicture, type Import } from './documents/architecture-picture.ts';
import { httpReference } from './documents/http-reference.ts';

interface Cruised {
  readonly modules: readonly {
    readonly source: string;
    readonly dependencies: readonly { readonly resolved: string }[];
  }[];
}

const root = resolve(import.meta.dirname, '..');
const begin = '<!-- picture: written by npm run docs -->';
const end = '<!-- end of picture -->';

async function imports(): Promise<Import[]> {
  const depcruise = join(root, 'node_modules', '.bin', 'depcruise');
  const sources = ['server/src', 'api/src', 'stats/src', 'sdk/src', 'web/src'];
  const args = [depcruise, '--config', '.dependency-cruiser.mjs', '--no-ignore-known', '-T', 'json', ...sources];
  // Broken boundaries end it with a code of their own; they are reported by the check that is about them.
  const cruised = await promisify(execFile)(process.execPath, args, { cwd: root, maxBuffer: 1e9 }).catch(
    (error: { stdout?: string }) => ({ stdout: error.stdout ?? '' }),
  );
  const { modules } = JSON.parse(cruised.stdout) as Cruised;
  return modules.flatMap(({ source, dependencies }) =>
    dependencies.map(({ resolved }) => ({ from: source, to: resolved })),
  );
}

async function architecture(current: string): Promise<string> {
  const [before, after] = [current.indexOf(begin), current.indexOf(end)];
  if (before < 0 || after < 0) throw new Error(`docs/architecture.md lacks the lines "${begin}" and "${end}".`);
  const picture = architecturePicture(await imports());
  return `${current.slice(0, before)}${begin}\n\n\`\`\`mermaid\n${picture}\n\`\`\`\n\n${current.slice(after)}`;
}

function http(): string {
  return httpReference({
    platform: platformRoutes,
    data: dataRoutes,
    features: featureRoutes,
    tracking: { ...trackingRoutes, ...trackingImportRoutes },
    registry: { ...registryRoutes, ...registryImportRoutes },
    evaluation: evaluationRoutes,
    pipelines: pipelineRoutes,
    serving: servingRoutes,
    monitoring: monitoringRoutes,
    governance: governanceRoutes,
  });
}

const isCheck = process.argv.includes('--check');
const documents: Record<string, (current: string) => string | Promise<string>> = {
  'docs/architecture.md': architecture,
  'docs/reference/http.md': http,
};
for (const [path, written] of Object.entries(documents)) {
  const file = join(root, path);
  const current = await readFile(file, 'utf8').catch(() => '');
  const wanted = await written(current);
  if (current === wanted) continue;
  if (isCheck) {
    process.stdout.write(`${path} is stale; run \`npm run docs\`.\n`);
    process.exitCode = 1;
  } else {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, wanted);
    process.stdout.write(`${path} written\n`);
  }
}
