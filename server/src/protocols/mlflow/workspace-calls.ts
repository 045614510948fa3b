import { invalidInput, PlatformError } from '@flyball/api';
import type { StoredProject } from '#platform/access/projects';
import { checkArtifactLocation } from '#tracking';
import { type MessageOf, message, nonEmpty, text } from './message.ts';
import { call, type MlflowCall, optionalText, requiredText } from './mlflow-call.ts';
import { saying } from './mlflow-error.ts';

const DEFAULT = 'default';
const NAME = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$';
const reservedNames = ['workspaces', 'api', 'ajax-api', 'static-files'];
const MOST_DESCRIPTION = 10_000;

/** Narrower than names of projects: what a workspace may be called is what its clients agree to send. */
function checkName(name: string): void {
  if (name === DEFAULT) {
    throw invalidInput(`The '${DEFAULT}' workspace is reserved and cannot be created`);
  }
  const shown = name.slice(0, 100);
  if (name.length < 2 || name.length > 63) {
    throw invalidInput(`Workspace name '${shown}' must be between 2 and 63 characters.`);
  }
  if (!new RegExp(NAME).test(name)) {
    throw invalidInput(
      `Workspace name '${shown}' must match the pattern ${NAME} (lowercase alphanumeric with optional internal hyphens).`,
    );
  }
  if (reservedNames.includes(name)) throw invalidInput(`Workspace name '${name}' is reserved and cannot be used.`);
}

const present = ({ name, description, artifact_root: root }: StoredProject): object => ({
  name,
  description: description ?? undefined,
  default_artifact_root: root ?? undefined,
});

const archival = message({ location: text, retention: text });
const details = { description: text, default_artifact_root: text, trace_archival_config: archival } as const;
const detailRules = { description: optionalText, default_artifact_root: optionalText } as const;
type Details = MessageOf<typeof details>;

/** Empty: as the server's setting says. */
function readRoot(given: string | undefined): string | null | undefined {
  if (given === undefined) return undefined;
  const root = given.trim();
  if (root === '') return null;
  if (!/^([a-z][a-z0-9+.-]+:|\/)/i.test(root)) {
    throw invalidInput(
      "Invalid value for 'default_artifact_root'. Expected a URI (for example 's3://bucket/prefix' or " +
        `'mlflow-artifacts:/prefix') or an absolute path, got '${root}'.`,
    );
  }
  return checkArtifactLocation(root).replace(/\/+$/, '');
}

function readDetails({ description, default_artifact_root: root, trace_archival_config: archive }: Details) {
  if (archive?.location || archive?.retention) {
    throw new PlatformError(
      'not_implemented',
      'Traces are not archived by this server; leave trace_archival_config out',
    );
  }
  if (description !== undefined && description.length > MOST_DESCRIPTION) {
    throw invalidInput(`The description of a workspace has at most ${MOST_DESCRIPTION} characters`);
  }
  return { description, artifactRoot: readRoot(root) };
}

const missing = (name: string) => ({ not_found: `Workspace '${name}' not found` });
const named = { workspace_name: text } as const;

/** `/mlflow/workspaces/*`: projects, under the name that MLflow's clients know. */
export const workspaceCalls: readonly MlflowCall[] = [
  call({
    method: 'GET',
    path: '/mlflow/workspaces',
    version: 3,
    access: 'viewer',
    scope: 'anywhere',
    request: message({}),
    handle: async (_input, { projects, actor }) => ({
      workspaces: nonEmpty((await projects.list(actor)).map(present)),
    }),
  }),
  call({
    method: 'POST',
    path: '/mlflow/workspaces',
    version: 3,
    access: 'admin',
    scope: 'instance',
    status: 201,
    request: message({ name: text, ...details }),
    rules: { name: requiredText, ...detailRules },
    handle: async ({ name = '', ...input }, { projects, actor }) => {
      checkName(name);
      const { description, artifactRoot } = readDetails(input);
      const made = projects.create(actor, {
        name,
        description: description ?? null,
        artifactRoot: artifactRoot ?? null,
      });
      return {
        workspace: present(
          await saying(made, { conflict: `Workspace '${name}' already exists. Error: the name is taken.` }),
        ),
      };
    },
  }),
  call({
    method: 'GET',
    path: '/mlflow/workspaces/:workspace_name',
    version: 3,
    access: 'viewer',
    scope: 'named',
    request: message(named),
    handle: async ({ workspace_name: name = '' }, { projects }) => ({
      workspace: present(await saying(projects.get(name), missing(name))),
    }),
  }),
  call({
    method: 'PATCH',
    path: '/mlflow/workspaces/:workspace_name',
    version: 3,
    access: 'admin',
    scope: 'named',
    request: message({ ...named, ...details }),
    rules: detailRules,
    handle: async ({ workspace_name: name = '', ...input }, { projects, actor }) => {
      if (Object.keys(input).length === 0) throw invalidInput('Workspace update must have at least one key');
      const changed = projects.change(actor, name, readDetails(input));
      return { workspace: present(await saying(changed, missing(name))) };
    },
  }),
  call({
    method: 'DELETE',
    path: '/mlflow/workspaces/:workspace_name',
    version: 3,
    access: 'admin',
    scope: 'instance',
    status: 204,
    request: message(named),
    handle: async ({ workspace_name: name = '' }, { projects, actor, query }) => {
      if (name === DEFAULT) throw invalidInput(`The '${DEFAULT}' workspace is reserved and cannot be deleted`);
      const removal = removals[modeOf(query['mode'])];
      await saying(projects.remove(actor, name, removal).catch(sayConflicts(name)), missing(name));
      return {};
    },
  }),
];

const removals = { RESTRICT: 'if-empty', SET_DEFAULT: 'move', CASCADE: 'purge' } as const;
type Mode = keyof typeof removals;

function modeOf(given: unknown): Mode {
  if (given === undefined) return 'RESTRICT';
  if (typeof given === 'string' && Object.hasOwn(removals, given)) return given as Mode;
  throw invalidInput(
    `Invalid deletion mode '${String(given).slice(0, 100)}'. Must be one of: SET_DEFAULT, CASCADE, RESTRICT`,
  );
}

/** The tables of the reference, by which it names what is in the way. */
const tables: Readonly<Record<string, string>> = {
  experiment: 'experiments',
  model: 'registered_models',
  webhook: 'webhooks',
  evaluation_dataset: 'evaluation_datasets',
};

interface Conflicts {
  readonly reason: 'names_taken';
  readonly conflicts: readonly { readonly kind: string; readonly name: string }[];
}

const isConflicts = (details: unknown): details is Conflicts =>
  typeof details === 'object' && details !== null && 'reason' in details && details.reason === 'names_taken';

/** Names that are taken in the default workspace, in the words of the reference. */
const sayConflicts =
  (workspace: string) =>
  (error: unknown): never => {
    if (!(error instanceof PlatformError) || !isConflicts(error.details)) throw error;
    const { conflicts } = error.details;
    const lines = conflicts.map(({ kind, name }) => `  - ${tables[kind] ?? kind}: '${name}'`);
    const message =
      lines.length === 0
        ? `Cannot delete workspace '${workspace}': resources in this workspace conflict with existing resources in ` +
          `the '${DEFAULT}' workspace. Resolve naming conflicts before deleting.`
        : `Cannot reassign resources from workspace '${workspace}' to '${DEFAULT}': the following names already ` +
          `exist in the default workspace and would cause conflicts:\n${lines.join('\n')}\n` +
          'Rename or remove the conflicting resources before retrying.';
    throw new PlatformError('conflict', message, { cause: error, details: error.details });
  };
