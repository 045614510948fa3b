import type { Run } from '@flyball/api';

type Described = Pick<Run, 'runId' | 'params' | 'tags'>;

/** A word that a shell takes as it is. */
const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

/** One that no program takes for an option, whatever a tag says. */
const operand = (text: string): string => shellWord(text.startsWith('-') ? `./${text}` : text);

const isProject = ({ tags }: Described): boolean => tags['mlflow.source.type'] === 'PROJECT';

function projectCommand({ params, tags }: Described): string {
  const entry = tags['mlflow.project.entryPoint'];
  const commit = tags['mlflow.source.git.commit'];
  const parts = [
    `mlflow run ${operand(tags['mlflow.source.name'] ?? '.')}`,
    ...(commit === undefined ? [] : [`--version=${shellWord(commit)}`]),
    ...(entry === undefined ? [] : [`--entry-point=${shellWord(entry)}`]),
    ...Object.entries(params).map(([key, value]) => `-P ${shellWord(`${key}=${value}`)}`),
  ];
  return parts.join(' \\\n  ');
}

function scriptCommands({ tags }: Described): string[] {
  const script = tags['mlflow.source.name'];
  const commit = tags['mlflow.source.git.commit'];
  const repository = tags['mlflow.source.git.repoURL'];
  return [
    ...(repository === undefined ? [] : [`git clone ${operand(repository)} code && cd code`]),
    ...(commit === undefined ? [] : [`git checkout ${operand(commit)}`]),
    ...(script === undefined ? [] : [`python ${operand(script)}`]),
  ];
}

/** Commands that do again what the run did, as far as it told; empty where it told nothing. */
export function reproduceCommand(run: Described, server: string): string {
  const commands = isProject(run) ? [projectCommand(run)] : scriptCommands(run);
  if (commands.length === 0) return '';
  return [`export MLFLOW_TRACKING_URI=${shellWord(server)}`, ...commands].join('\n');
}

/** How a script gets at what the run left. */
export const readingCode = ({ runId }: Described, server: string): string =>
  [
    'import mlflow',
    '',
    `mlflow.set_tracking_uri(${JSON.stringify(server)})`,
    `run = mlflow.get_run(${JSON.stringify(runId)})`,
    `files = mlflow.artifacts.download_artifacts(run_id=${JSON.stringify(runId)})`,
  ].join('\n');
