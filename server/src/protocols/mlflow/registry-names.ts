import { invalidInput } from '@flyball/api';
import { checkKey, checkLength, invalidValue } from '#tracking';

const MOST_NAME = 500;
const MOST_TAG_VALUE = 100_000;

const missing = (name: string) => invalidInput(`Missing value for required parameter '${name}'.`);

/** A model's name becomes a segment of addresses, so it is its own normal path. */
export function checkModelName(name: string, parameter = 'name'): void {
  if (name.trim() === '') throw missing(parameter);
  if (/[/:]/.test(name)) throw invalidInput(`Invalid model name '${name}'. Names cannot contain '/' or ':'.`);
  if (/[\\\p{Cc}]/u.test(name))
    throw invalidInput(`Invalid model name '${name}'. Names cannot contain control characters.`);
  if (/^\.{1,2}$/.test(name) || name.startsWith('..')) {
    const problem = 'Names may be treated as files in certain cases, and must not resolve to other names when treated';
    throw invalidValue('name', name, `${problem} as such. This name would resolve to '${name}'`);
  }
  checkLength(parameter, name, MOST_NAME);
}

export function checkRegistryTag(key: string, value: string): void {
  checkKey(key, 'key');
  checkLength('key', key, 250);
  checkLength('value', value, MOST_TAG_VALUE);
}

export function checkAlias(alias: string): void {
  if (alias === '') throw invalidInput('Registered model alias name cannot be empty.');
  if (!/^[\p{L}\p{N}_-]*$/u.test(alias)) {
    throw invalidInput(
      `Invalid alias name: '${alias}'. Names may only contain alphanumerics, underscores (_), and dashes (-).`,
    );
  }
  checkLength('Registered model alias name', alias, 255);
}

export function checkAliasIsFree(alias: string): void {
  checkAlias(alias);
  if (alias.toLowerCase() === 'latest') throw invalidInput("'latest' alias name (case insensitive) is reserved.");
  if (/^v\d+$/i.test(alias)) throw invalidInput(`Version alias name '${alias}' is reserved.`);
}

export function versionNumber(version: string): number {
  if (/^\s*[+-]?\d{1,9}\s*$/.test(version)) return Number(version);
  throw invalidInput(`Parameter 'version' must be an integer, got '${version}'.`);
}

const stages = ['None', 'Staging', 'Production', 'Archived'] as const;
export type Stage = (typeof stages)[number];

/** Any case in, the canonical one out. */
export function stageOf(given: string): Stage {
  const stage = stages.find((one) => one.toLowerCase() === given.toLowerCase());
  if (stage !== undefined) return stage;
  throw invalidInput(`Invalid Model Version stage: ${given}. Value must be one of ${stages.join(', ')}.`);
}
