/** One import between two files, by their paths. */
export interface Import {
  readonly from: string;
  readonly to: string;
}

/** The life of a model, left to right. */
const modules = [
  'data',
  'features',
  'tracking',
  'tracing',
  'registry',
  'evaluation',
  'pipelines',
  'serving',
  'monitoring',
  'governance',
];

/** A mermaid flowchart of who imports whom. An arrow that follows from others is left out. */
export function architecturePicture(imports: readonly Import[]): string {
  const arrows = new Map<string, Set<string>>();
  for (const { from, to } of imports) {
    const [source, target] = [roomOf(from), roomOf(to)];
    if (source === undefined || target === undefined || source === target) continue;
    arrows.set(source, (arrows.get(source) ?? new Set()).add(target));
  }
  const between = (names: readonly string[]): string[] =>
    names.flatMap((name) => directTargets(arrows, name).map((target) => `  ${name} --> ${target}`));
  const present = modules.filter(
    (name) => arrows.has(name) || [...arrows.values()].some((targets) => targets.has(name)),
  );
  const outside = [...arrows.keys()].filter((name) => !modules.includes(name)).sort();
  return [
    'flowchart RL',
    '  subgraph server',
    '    programs["main · app"]',
    '    protocols["protocols: doors for foreign clients"]',
    '    subgraph modules["modules, the life of a model from left to right"]',
    '      direction RL',
    ...present.map((name) => `      ${name}`),
    ...between(present).map((arrow) => `    ${arrow}`),
    '    end',
    '    platform["platform: machinery without domain meaning"]',
    '  end',
    ...groupArrows(arrows, outside),
  ].join('\n');
}

/** Arrows of the other rooms; modules stand for one another there. */
function groupArrows(arrows: ReadonlyMap<string, ReadonlySet<string>>, outside: readonly string[]): string[] {
  const grouped = (target: string): string => (modules.includes(target) ? 'modules' : target);
  const pairs = new Set<string>();
  for (const name of outside) {
    for (const target of arrows.get(name) ?? []) pairs.add(`  ${name} --> ${grouped(target)}`);
  }
  for (const name of modules) {
    for (const target of arrows.get(name) ?? [])
      if (grouped(target) !== 'modules') pairs.add(`  modules --> ${target}`);
  }
  return [...pairs].sort();
}

/** Targets among the modules that no other target of the same module leads to. */
function directTargets(arrows: ReadonlyMap<string, ReadonlySet<string>>, name: string): string[] {
  const targets = [...(arrows.get(name) ?? [])].filter((target) => modules.includes(target));
  return targets
    .filter((target) => !targets.some((other) => other !== target && leadsTo(arrows, other, target)))
    .sort();
}

function leadsTo(arrows: ReadonlyMap<string, ReadonlySet<string>>, from: string, to: string): boolean {
  const targets = [...(arrows.get(from) ?? [])].filter((target) => modules.includes(target));
  return targets.includes(to) || targets.some((target) => leadsTo(arrows, target, to));
}

function roomOf(path: string): string | undefined {
  const [top, , folder, name] = path.split('/');
  if (top !== 'server') return ['stats', 'api', 'sdk', 'web'].includes(top ?? '') ? top : undefined;
  if (folder === 'modules') return name;
  if (folder === 'platform' || folder === 'protocols') return folder;
  if (folder === 'config.ts') return 'platform';
  return folder?.endsWith('.ts') ? 'programs' : undefined;
}
