import { createRequire } from 'node:module';
import { Command } from 'commander';
import { addDatasetCommands } from './commands/dataset.ts';
import { addEndpointCommands } from './commands/endpoint.ts';
import { addExperimentCommands } from './commands/experiment.ts';
import { addMlflowCommands } from './commands/mlflow.ts';
import { addModelCommands } from './commands/model.ts';
import { addMonitorCommands } from './commands/monitor.ts';
import { addObjectCommands } from './commands/objects.ts';
import { addPipelineCommands } from './commands/pipeline.ts';
import { addProgramCommands } from './commands/program.ts';
import { addProjectCommands } from './commands/project.ts';
import { addRunCommands } from './commands/run.ts';
import { addTokenCommands } from './commands/token.ts';
import { describeError, exitCodeOf, exitCodes } from './exit-code.ts';
import { colour, printError } from './output.ts';

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

// Whoever reads only the first lines, as `head` does, has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

function createCommand(): Command {
  const program = new Command('flyball')
    .description('The MLOps platform that closes the loop')
    .version(version)
    .option('--url <url>', 'server to talk to (FLYBALL_URL, default http://127.0.0.1:5050)')
    .option('--token <token>', 'API token (FLYBALL_TOKEN)')
    .option('--project <name>', 'project (FLYBALL_PROJECT, default "default")')
    .option('--json', 'print JSON')
    .showHelpAfterError()
    .addHelpText(
      'after',
      `\nExit codes: ${Object.entries(exitCodes)
        .map(([name, code]) => `${code} ${name}`)
        .join(' · ')}`,
    )
    .exitOverride();
  addProgramCommands(program);
  addProjectCommands(program);
  addDatasetCommands(program);
  addExperimentCommands(program);
  addRunCommands(program);
  addModelCommands(program);
  addPipelineCommands(program);
  addEndpointCommands(program);
  addMonitorCommands(program);
  addObjectCommands(program);
  addTokenCommands(program);
  addMlflowCommands(program);
  return program;
}

/** Does what the arguments say, and leaves the exit code. */
export async function runCommand(): Promise<void> {
  try {
    await createCommand().parseAsync();
  } catch (error) {
    // commander has printed already what it throws.
    if (
      error instanceof Error &&
      'exitCode' in error &&
      'code' in error &&
      String(error.code).startsWith('commander.')
    ) {
      process.exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
      return;
    }
    printError(colour.red(describeError(error)));
    process.exitCode = exitCodeOf(error);
  }
}
