import type { SearchGrammar } from '#tracking';

const entities = { attribute: 'attribute', tag: 'tag', tags: 'tag' } as const;
const entityHint = "Valid entity types are ('attribute', 'tag', 'tags')";

/** How models are searched. */
export const modelGrammar: SearchGrammar = {
  entities,
  entityHint,
  attributes: { name: 'text' },
  orderAttributes: ['name', 'creation_timestamp', 'last_updated_timestamp', 'timestamp'],
  aliases: { timestamp: 'last_updated_timestamp' },
  orderLabel: 'order by key',
  listKeys: ['name'],
  nullable: [],
};

/** How versions are searched. */
export const versionGrammar: SearchGrammar = {
  entities,
  entityHint,
  attributes: { name: 'text', run_id: 'text', source_path: 'text', version_number: 'number' },
  orderAttributes: ['name', 'version_number', 'creation_timestamp', 'last_updated_timestamp'],
  listKeys: ['name', 'run_id'],
  nullable: [],
};
