import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reproduceCommand } from './reproduce-command.ts';

const run = (tags: Record<string, string>, params: Record<string, string> = {}) => ({ runId: 'r', tags, params });

describe('the command that reproduces a run', () => {
  it('checks out the code and runs the script', () => {
    const tags = { 'mlflow.source.name': 'my train.py', 'mlflow.source.git.commit': 'abc' };
    assert.equal(
      reproduceCommand(run(tags), 'http://h:1'),
      "export MLFLOW_TRACKING_URI=http://h:1\ngit checkout abc\npython 'my train.py'",
    );
  });

  it('runs projects with their params', () => {
    const tags = {
      'mlflow.source.type': 'PROJECT',
      'mlflow.source.name': 'git@x',
      'mlflow.project.entryPoint': 'main',
    };
    const command = reproduceCommand(run(tags, { lr: '0.1', text: 'a b' }), 'u');
    assert.match(command, /mlflow run git@x \\\n {2}--entry-point=main \\\n {2}-P lr=0.1 \\\n {2}-P 'text=a b'$/);
  });

  it('leaves no way out of a quoted word, and says nothing when nothing is known', () => {
    const command = reproduceCommand(run({ 'mlflow.source.name': "x'; rm -rf /; '" }), 'u');
    assert.match(command, /python 'x'\\''; rm -rf \/; '\\'''$/);
    assert.equal(reproduceCommand(run({}), 'u'), '');
    const tags = { 'mlflow.source.git.repoURL': '--upload-pack=x', 'mlflow.source.name': '-cprint()' };
    assert.match(reproduceCommand(run(tags), 'u'), /git clone \.\/--upload-pack=x .*\npython '\.\/-cprint\(\)'$/);
  });
});
