import { type BadPlace, type FeatureView, type FeatureViewDefinition, invalidInput } from '@flyball/api';
import type { Actor } from '#platform/access/actor';
import type { FeatureParts } from './parts.ts';
import { entityExists, upsertView } from './view-store.ts';

function badFeatures({ features }: FeatureViewDefinition): BadPlace[] {
  const seen = new Set<string>();
  return features.flatMap(({ name, aggregate, of }, i) => {
    const bad: BadPlace[] = [];
    if (seen.has(name)) bad.push({ at: `body.features[${i}].name`, message: `Two features are called "${name}"` });
    seen.add(name);
    if (aggregate !== 'count' && of === undefined) {
      bad.push({ at: `body.features[${i}].of`, message: `${aggregate} needs a column` });
    }
    return bad;
  });
}

async function badColumns({ data }: FeatureParts, project: string, { source, features }: FeatureViewDefinition) {
  await data.getDataset(project, source.dataset);
  const version = await data.getVersion(project, source.dataset, 'latest').catch(() => null);
  if (version === null) return [];
  const known = new Set(version.schema.map(({ name }) => name));
  const used = [
    ['body.source.key', source.key],
    ['body.source.happenedAt', source.happenedAt],
    ['body.source.knownAt', source.knownAt],
    ...features.flatMap(({ of }, i) =>
      of === undefined ? [] : [[`body.features[${i}].of.column`, of.column] as const],
    ),
  ] as const;
  return used
    .filter(([, column]) => !known.has(column))
    .map(([at, column]) => ({ at, message: `"${source.dataset}" has no column "${column}"` }));
}

/** Defines a feature view after checking it against the data it is made of. */
export async function putView(
  parts: FeatureParts,
  actor: Actor,
  project: string,
  view: FeatureViewDefinition,
): Promise<FeatureView> {
  const { platform, data } = parts;
  const bad = [...badFeatures(view), ...(await badColumns(parts, project, view))];
  if (!(await entityExists(platform.database, project, view.entity))) {
    bad.push({ at: 'body.entity', message: `There is no entity "${view.entity}"` });
  }
  if (bad.length > 0) throw invalidInput(bad.map(({ at, message }) => `${at}: ${message}`).join('; '), bad);
  return await platform.database.transaction(async (trx) => {
    const stored = await upsertView(trx, project, view);
    const id = `${view.name}@${stored.version}`;
    await data.lineage.record(trx, project, [], [{ kind: 'feature_view', id, title: id }]);
    const payload = { view: view.name, version: stored.version };
    await platform.events.publish(trx, { project, name: 'features.view-changed', payload });
    const subject = { kind: 'feature_view', id };
    await platform.audit.record(trx, { actor, project, action: 'features.view-defined', subject });
    return stored;
  });
}
