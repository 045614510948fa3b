import { PlatformError } from '@flyball/api';
import { type Actor, hasRole } from '#platform/access/actor';
import type { Gateway } from '#serving';
import { describeModel, describeServer, describeStatistics, isModelReady } from './describe.ts';
import { findModel } from './find-model.ts';

type Pages = Readonly<Record<string, () => object>>;

const nothingAt = (parts: readonly string[]): PlatformError =>
  new PlatformError('not_found', `There is nothing at /v2/${parts.join('/')}`);

function visible(gateway: Gateway, actor: Actor) {
  return gateway
    .list()
    .filter(({ project }) => hasRole(actor, 'viewer', project))
    .map(({ project, served }) => {
      const { name } = served.state.definition;
      return { name: project === 'default' ? name : `${project}~${name}`, served };
    });
}

/** Ready means that every endpoint with a champion can answer. */
function readiness(gateway: Gateway): object {
  const isReady =
    gateway.isReady &&
    gateway.list().every(({ served }) => served.state.champion === null || isModelReady(served, undefined));
  if (!isReady) throw new PlatformError('unavailable', 'Not all endpoints can answer');
  return { ready: true };
}

/** What a reader of `/v2` gets; `version` is the program's. */
export function answerGet(gateway: Gateway, actor: Actor, parts: readonly string[], version: string): object {
  if (parts[0] === 'models' && parts.length > 1 && parts[1] !== 'stats') return answerModel(gateway, actor, parts);
  const pages: Pages = {
    '': () => describeServer(version),
    'health/live': () => ({ live: true }),
    'health/ready': () => readiness(gateway),
    models: () => ({ models: visible(gateway, actor).map(({ name }) => name) }),
    'models/stats': () => ({
      model_stats: visible(gateway, actor).flatMap(({ name, served }) => describeStatistics(name, served)),
    }),
  };
  const page = pages[parts.join('/')];
  if (page === undefined) throw nothingAt(parts);
  return page();
}

/** `models/{m}[/versions/{v}][/ready|/stats]` */
function answerModel(gateway: Gateway, actor: Actor, parts: readonly string[]): object {
  const [, name = '', ...rest] = parts;
  const number = rest[0] === 'versions' ? rest[1] : undefined;
  const what = rest.slice(number === undefined ? 0 : 2).join('/');
  const pages: Pages = {
    '': () => describeModel(name, model.served),
    stats: () => ({ model_stats: describeStatistics(name, model.served) }),
    ready: () => {
      if (!isModelReady(model.served, model.version)) throw new PlatformError('unavailable', `"${name}" is not ready`);
      return { name, ready: true };
    },
  };
  const page = pages[what];
  if (page === undefined) throw nothingAt(parts);
  const model = findModel(gateway, actor, name, number);
  return page();
}
