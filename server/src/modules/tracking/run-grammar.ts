import type { SearchGrammar } from './search-grammar.ts';

const tags = { tag: 'tag', tags: 'tag' } as const;
const attribute = { attribute: 'attribute' } as const;

/** How runs are searched. */
export const runGrammar: SearchGrammar = {
  entities: {
    ...tags,
    ...attribute,
    metric: 'metric',
    metrics: 'metric',
    parameter: 'parameter',
    parameters: 'parameter',
    param: 'parameter',
    params: 'parameter',
    attributes: 'attribute',
    attr: 'attribute',
    run: 'attribute',
    dataset: 'dataset',
    datasets: 'dataset',
  },
  entityHint: "Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']",
  attributes: {
    run_id: 'text',
    run_name: 'text',
    status: 'text',
    artifact_uri: 'text',
    user_id: 'text',
    experiment_id: 'text',
    start_time: 'number',
    end_time: 'number',
    created: 'number',
    Created: 'number',
    'run name': 'text',
    'Run name': 'text',
    'Run Name': 'text',
  },
  orderAttributes: [
    'run_id',
    'run_name',
    'status',
    'artifact_uri',
    'user_id',
    'experiment_id',
    'start_time',
    'end_time',
    'created',
    'Created',
  ],
  aliases: {
    created: 'start_time',
    Created: 'start_time',
    'run name': 'run_name',
    'Run name': 'run_name',
    'Run Name': 'run_name',
  },
  datasetKeys: ['name', 'digest', 'context'],
  listKeys: ['run_id'],
  nullable: ['tag', 'parameter'],
};

/** How experiments are searched. */
export const experimentGrammar: SearchGrammar = {
  entities: { ...tags, ...attribute },
  entityHint: "Valid entity types are ('attribute', 'tag', 'tags')",
  attributes: { name: 'text', experiment_id: 'text', creation_time: 'number', last_update_time: 'number' },
  orderAttributes: ['name', 'experiment_id', 'creation_time', 'last_update_time'],
  listKeys: ['experiment_id'],
  nullable: ['tag'],
};
