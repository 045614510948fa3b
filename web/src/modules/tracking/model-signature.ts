import { parse } from 'yaml';

export interface SignatureField {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
}

/** What an `MLmodel` file says of a model. */
export interface ModelDescription {
  readonly flavors: readonly string[];
  readonly inputs: readonly SignatureField[] | null;
  readonly outputs: readonly SignatureField[] | null;
  readonly params: readonly SignatureField[] | null;
  readonly facts: readonly (readonly [name: string, value: string])[];
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function typeOf(field: Fields): string {
  const tensor = field['tensor-spec'];
  if (field['type'] === 'tensor' && isFields(tensor)) {
    return `${String(tensor['dtype'])} ${JSON.stringify(tensor['shape'])}`;
  }
  if (field['type'] === 'array' && isFields(field['items'])) return `array of ${typeOf(field['items'])}`;
  return String(field['type'] ?? 'unknown');
}

function fieldsOf(text: unknown): SignatureField[] | null {
  if (typeof text !== 'string') return null;
  try {
    const fields: unknown = JSON.parse(text);
    if (!Array.isArray(fields)) return null;
    return fields.filter(isFields).map((field, place) => ({
      name: typeof field['name'] === 'string' ? field['name'] : String(place),
      type: typeOf(field),
      required: field['required'] !== false && field['optional'] !== true && !('default' in field),
    }));
  } catch {
    return null;
  }
}

const shown = ['mlflow_version', 'model_id', 'model_uuid', 'run_id', 'utc_time_created', 'artifact_path', 'prompts'];

/** Reads an `MLmodel` file; null where the text is none. */
export function readModelDescription(text: string): ModelDescription | null {
  let model: unknown;
  try {
    model = parse(text, { maxAliasCount: 20 });
  } catch {
    return null;
  }
  if (!isFields(model) || !isFields(model['flavors'])) return null;
  const signature = isFields(model['signature']) ? model['signature'] : {};
  return {
    flavors: Object.keys(model['flavors']),
    inputs: fieldsOf(signature['inputs']),
    outputs: fieldsOf(signature['outputs']),
    params: fieldsOf(signature['params']),
    facts: shown.flatMap((name) => {
      const value = (model as Fields)[name];
      return typeof value === 'string' || typeof value === 'number' ? [[name, String(value)] as const] : [];
    }),
  };
}
