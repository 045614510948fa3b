import type { Endpoint, Evaluation, GateReport, ModelVersion, Run } from '@flyball/api';
import { formatBytes, formatMetric, formatNumber } from '../../parts/format.ts';

/** All that is known of a version, for a comparison. */
export interface VersionFacts {
  readonly version: ModelVersion;
  /** Null where it has none, or its client keeps it elsewhere. */
  readonly run: Run | null;
  readonly evaluation: Evaluation | null;
  readonly gates: GateReport | null;
  readonly endpoints: readonly Endpoint[];
  /** Each field of the signature with its type. */
  readonly signature: Readonly<Record<string, string>>;
}

/** One line of the comparison of two versions. */
export interface FactRow {
  readonly section: string;
  readonly name: string;
  readonly values: readonly [string, string];
  readonly differs: boolean;
}

const NONE = '–';
type Values = Readonly<Record<string, string>>;

/** Every name that one of the two has. */
function rowsOf(section: string, a: Values, b: Values, exact: readonly [Values, Values] = [a, b]): FactRow[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].sort().map((name) => ({
    section,
    name,
    values: [a[name] ?? NONE, b[name] ?? NONE],
    differs: exact[0][name] !== exact[1][name],
  }));
}

const originOf = ({ version }: VersionFacts): Values => ({
  stage: version.stage,
  aliases: version.aliases.join(', ') || NONE,
  scan: version.scan.verdict,
  flavor: version.flavor,
  run: version.runId ?? NONE,
  'trained on': version.dataset === null ? NONE : `${version.dataset.name}@${version.dataset.version}`,
  registered: `${version.createdAt.slice(0, 19).replace('T', ' ')} by ${version.createdBy}`,
});

const deployedOf = ({ version, endpoints }: VersionFacts): Values =>
  Object.fromEntries(
    endpoints.flatMap(({ name, deployments }) => {
      const own = deployments.filter((one) => one.version === version.version);
      if (own.length === 0) return [];
      return [
        [name, own.map(({ role, weight }) => `${role}, ${Math.round(100 * weight)} % of the traffic`).join('; ')],
      ];
    }),
  );

const evaluatedOf = ({ evaluation }: VersionFacts): Values =>
  Object.fromEntries(
    (evaluation?.metrics ?? []).map(({ name, value }) => [formatMetric(name), formatNumber(value, 6)]),
  );

const loggedOf = ({ run }: VersionFacts): Values =>
  Object.fromEntries(Object.entries(run?.metrics ?? {}).map(([key, { value }]) => [key, formatNumber(value, 6)]));

const gatesOf = ({ gates }: VersionFacts): Values =>
  gates === null
    ? {}
    : Object.fromEntries([
        ['all gates', gates.verdict],
        ...gates.results.map(({ gate, verdict, observed }) => [
          gate.name,
          observed === null ? verdict : `${verdict} (${formatNumber(observed)})`,
        ]),
      ]);

const filesOf = ({ version }: VersionFacts): readonly [shown: Values, exact: Values] => [
  Object.fromEntries(
    version.files.map(({ path, sizeBytes, digest }) => [path, `${formatBytes(sizeBytes)}, ${digest.slice(0, 12)}`]),
  ),
  Object.fromEntries(version.files.map(({ path, digest }) => [path, digest])),
];

/** Two versions line by line; files are the same when their digests are. */
export function factRows(a: VersionFacts, b: VersionFacts): FactRow[] {
  const [filesA, filesB] = [filesOf(a), filesOf(b)];
  return [
    ...rowsOf('Version', originOf(a), originOf(b)),
    ...rowsOf('Deployed at', deployedOf(a), deployedOf(b)),
    ...rowsOf('Evaluation', evaluatedOf(a), evaluatedOf(b)),
    ...rowsOf('Gates', gatesOf(a), gatesOf(b)),
    ...rowsOf('Metrics of the run', loggedOf(a), loggedOf(b)),
    ...rowsOf('Params of the run', a.run?.params ?? {}, b.run?.params ?? {}),
    ...rowsOf('Signature', a.signature, b.signature),
    ...rowsOf('Files', filesA[0], filesB[0], [filesA[1], filesB[1]]),
    ...rowsOf('Tags', a.version.tags, b.version.tags),
  ];
}
