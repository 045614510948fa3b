import type { SearchGrammar } from './search-grammar.ts';

/** How logged models are searched. */
export const loggedModelGrammar: SearchGrammar = {
  entities: {
    attribute: 'attribute',
    attributes: 'attribute',
    metric: 'metric',
    metrics: 'metric',
    param: 'parameter',
    params: 'parameter',
    tag: 'tag',
    tags: 'tag',
  },
  entityHint: "Expected one of ['attributes', 'metrics', 'params', 'tags'].",
  attributes: {
    name: 'text',
    model_id: 'text',
    model_type: 'text',
    status: 'text',
    source_run_id: 'text',
    experiment_id: 'text',
    creation_time: 'number',
    creation_timestamp: 'number',
    creation_timestamp_ms: 'number',
    last_updated_timestamp: 'number',
    last_updated_timestamp_ms: 'number',
  },
  orderAttributes: [
    'name',
    'model_id',
    'model_type',
    'status',
    'source_run_id',
    'experiment_id',
    'creation_time',
    'creation_timestamp',
    'creation_timestamp_ms',
    'last_updated_timestamp',
    'last_updated_timestamp_ms',
  ],
  aliases: {
    creation_time: 'creation_timestamp',
    creation_timestamp_ms: 'creation_timestamp',
    last_updated_timestamp_ms: 'last_updated_timestamp',
  },
  listKeys: ['name', 'model_id', 'model_type', 'status', 'source_run_id', 'experiment_id'],
  nullable: [],
};
