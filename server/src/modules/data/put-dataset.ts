import { type BadPlace, type Dataset, type DatasetDefinition, invalidInput, PlatformError } from '@flyball/api';
import type { Actor } from '#platform/access/actor';
import { findDataset, upsertDataset } from './dataset-store.ts';
import type { DataParts } from './parts.ts';
import { checkExpectation } from './run-expectations.ts';

function checkNames({ expectations }: DatasetDefinition): BadPlace[] {
  const seen = new Set<string>();
  return expectations.flatMap(({ id }, i) => {
    if (id === undefined) return [];
    const message = `Two expectations are called "${id}"`;
    if (seen.has(id)) return [{ at: `body.expectations[${i}].id`, message }];
    seen.add(id);
    return [];
  });
}

/** SQL of the user's is checked when it is defined, not when the first batch breaks on it. */
async function checkSql({ platform }: DataParts, { expectations }: DatasetDefinition): Promise<BadPlace[]> {
  const written = expectations.some((rule) => 'sql' in rule || ('where' in rule && rule.where !== undefined));
  if (!written) return [];
  return await platform.analytics.run({ name: 'check-contract' }, async (session) => {
    const bad: BadPlace[] = [];
    for (const [i, expectation] of expectations.entries()) {
      const at = `body.expectations[${i}]`;
      try {
        await checkExpectation(session, expectation, at);
      } catch (error) {
        if (!(error instanceof PlatformError) || error.code !== 'invalid_input') throw error;
        bad.push({ at, message: error.message });
      }
    }
    return bad;
  });
}

/** Defines a dataset and its contract; what it promises holds for the batches that come from now on. */
export async function putDataset(
  parts: DataParts,
  actor: Actor,
  project: string,
  definition: DatasetDefinition,
): Promise<Dataset> {
  const bad = [...checkNames(definition), ...(await checkSql(parts, definition))];
  if (bad.length > 0) throw invalidInput(bad.map(({ at, message }) => `${at}: ${message}`).join('; '), bad);
  const { database, audit } = parts.platform;
  return await database.transaction(async (trx) => {
    await upsertDataset(trx, project, definition);
    const subject = { kind: 'dataset', id: definition.name };
    const details = { expectations: definition.expectations.length };
    await audit.record(trx, { actor, project, action: 'data.defined', subject, details });
    return (await findDataset(trx, project, definition.name))!;
  });
}
