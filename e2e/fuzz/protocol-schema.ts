import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

export interface Field {
  readonly name: string;
  /** `text`, a number or a truth value of protobuf, or the name of a message or an enumeration. */
  readonly type: string;
  readonly isList: boolean;
}

export interface Endpoint {
  readonly method: string;
  readonly path: string;
  readonly fields: readonly Field[];
}

export interface ProtocolSchema {
  readonly endpoints: readonly Endpoint[];
  readonly messages: ReadonlyMap<string, readonly Field[]>;
}

const reference = path.join(import.meta.dirname, '..', '..', '..', 'shared', 'reference');

/** `name!: type = default` of a message, with `[]` for lists and `!` for what is required. */
function readField(text: string): Field | null {
  const found = /^(\w+)(!?)(\[\])?(!?)(?:: ([\w.<>, ]+?))?(?: = .*)?$/.exec(text.trim());
  return found === null ? null : { name: found[1]!, isList: found[3] !== undefined, type: found[5] ?? 'text' };
}

function readMessages(text: string): Map<string, readonly Field[]> {
  const messages = new Map<string, readonly Field[]>();
  for (const [, name = '', body = ''] of text.matchAll(/^- `([A-Z]\w*)` `\{([^}]*)\}`/gm)) {
    messages.set(
      name,
      body.split(',').flatMap((field) => readField(field) ?? []),
    );
  }
  return messages;
}

/** The protocol as the reference describes it: the endpoints of tiers 1 and 2, and their messages. */
export function readProtocolSchema(): ProtocolSchema {
  if (!existsSync(reference)) throw new Error(`The protocol is described in ../shared/reference, which is absent`);
  const messages = readMessages(readFileSync(path.join(reference, 'mlflow.md'), 'utf8'));
  const [, ...lines] = readFileSync(path.join(reference, 'mlflow_endpoints.tsv'), 'utf8').trim().split('\n');
  const endpoints = lines.flatMap((line) => {
    const [, method = '', place = '', version = '', rpc = '', tier = ''] = line.split('\t');
    if (tier !== 'T1' && tier !== 'T2') return [];
    const fields = messages.get(rpc.charAt(0).toUpperCase() + rpc.slice(1)) ?? [];
    return [`/api/${version}.0`, `/ajax-api/${version}.0`].map((prefix) => ({ method, path: prefix + place, fields }));
  });
  return { endpoints, messages };
}
