import { invalidInput, type Model, type ModelVersion } from '@flyball/api';
import { type PageValues, pageToken, readPageToken } from '#platform/page-token';
import { parseSearchFilter, parseSearchOrder, type SearchGrammar } from '#tracking';
import type { RegistryParts } from './parts.ts';
import { modelGrammar, versionGrammar } from './registry-grammar.ts';
import { findModels, findVersions, type StoredSearch } from './registry-search-store.ts';

export interface RegistrySearch {
  readonly filter: string;
  readonly orderBy: readonly string[];
  readonly limit: number;
  readonly pageToken?: string | undefined;
}

export interface FoundPage<T> {
  readonly items: readonly T[];
  readonly nextPageToken?: string;
}

async function searchWith<T extends { readonly place: PageValues }>(
  project: string,
  { filter, orderBy, limit, pageToken: token }: RegistrySearch,
  grammar: SearchGrammar,
  find: (search: StoredSearch) => Promise<T[]>,
): Promise<FoundPage<T>> {
  const question = [project, filter, orderBy];
  const orders = parseSearchOrder(orderBy, grammar);
  const other = orders.find(({ entity }) => entity !== 'attribute');
  if (other !== undefined) throw invalidInput(`Invalid order_by entity: ${other.entity}`);
  const found = await find({
    project,
    conditions: parseSearchFilter(filter, grammar),
    orders,
    limit: limit + 1,
    after: readPageToken(question, token),
  });
  const items = found.slice(0, limit);
  const last = items.at(-1);
  if (found.length <= limit || last === undefined) return { items };
  return { items, nextPageToken: pageToken(question, last.place) };
}

/** Models by filter; prompts only when the filter asks for them. */
export async function searchModels(
  { platform }: RegistryParts,
  project: string,
  input: RegistrySearch,
): Promise<FoundPage<Model>> {
  return await searchWith(project, input, modelGrammar, (search) => findModels(platform.database, search));
}

export async function searchVersions(
  { platform }: RegistryParts,
  project: string,
  input: RegistrySearch,
): Promise<FoundPage<ModelVersion>> {
  return await searchWith(project, input, versionGrammar, (search) => findVersions(platform.database, search));
}
