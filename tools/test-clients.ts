// npm run test:clients [word…]: unmodified clients of other tools, the newest of them, against a real server.
import { join, resolve } from 'node:path';
import { explainStartErrors } from './bootstrap/start-error.mjs';
import { clientsPython } from './suite/clients-python.ts';
import { runSuite, testFiles } from './suite/run-suite.ts';

const root = resolve(import.meta.dirname, '..');

await explainStartErrors(async () => {
  const files = testFiles(['e2e/clients/**/*.test.ts'], process.argv.slice(2));
  const pythonOf = async (folder: string, requirements: string): Promise<string> =>
    files.length > 0 ? await clientsPython(join(root, folder), join(root, 'e2e', 'clients', requirements)) : '';
  const env = {
    FLYBALL_CLIENTS_PYTHON: await pythonOf('.venv', 'requirements.txt'),
    FLYBALL_MLFLOW2_PYTHON: await pythonOf('.venv-mlflow2', 'requirements-mlflow2.txt'),
  };
  await runSuite({ groups: [files], timeoutSeconds: 900, env });
});
