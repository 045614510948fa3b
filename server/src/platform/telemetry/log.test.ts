import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLog } from './log.ts';

function createTestLog() {
  const lines: string[] = [];
  const log = createLog({ level: 'info', program: 'api', stream: { write: (line) => void lines.push(line) } });
  return { log, lines: () => lines.map((line): Record<string, unknown> => JSON.parse(line)) };
}

describe('log', () => {
  it('writes one JSON object per line, with what the child logger adds', () => {
    const { log, lines } = createTestLog();
    log.child({ requestId: 'r-1' }).info({ route: 'GET /x' }, 'answered');
    log.debug('not written at this level');
    const [line, ...others] = lines();
    assert.equal(others.length, 0);
    assert.match(String(line?.['time']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    delete line?.['time'];
    assert.deepEqual(line, { level: 'info', program: 'api', requestId: 'r-1', route: 'GET /x', msg: 'answered' });
  });

  it('hides secrets by the name of their field, however deep, and in child loggers', () => {
    const { log, lines } = createTestLog();
    const headers = { Authorization: 'Bearer abc.def', cookie: 'session=s3cret', accept: 'text/html' };
    const child = log.child({ token: 's3cret', requestId: 'r-2' });
    child.info({ req: { headers }, list: [{ password: 's3cret', apiKey: 's3cret', access_token: 's3cret' }] }, 'x');
    const [line] = lines();
    assert.doesNotMatch(JSON.stringify(line), /s3cret|abc\.def/);
    assert.deepEqual(line?.['req'], {
      headers: { Authorization: '[hidden]', cookie: '[hidden]', accept: 'text/html' },
    });
    assert.deepEqual(line?.['list'], [{ password: '[hidden]', apiKey: '[hidden]', access_token: '[hidden]' }]);
    assert.equal(line?.['requestId'], 'r-2');
  });

  it('hides passwords in addresses and bearer tokens in texts, messages and errors', () => {
    const { log, lines } = createTestLog();
    const url = 'postgres://flyball:s3cret@localhost:5432/db';
    const error = new Error(`cannot connect to ${url}`, { cause: new Error(`Bearer s3cret`) });
    log.error({ err: error, url }, `connecting to ${url} failed`);
    log.error(error);
    log.info('header was "Basic s3cret"');
    const text = JSON.stringify(lines());
    assert.doesNotMatch(text, /s3cret/);
    assert.match(text, /postgres:\/\/flyball:\[hidden\]@localhost:5432\/db/);
    assert.match(text, /log\.test\.ts/, 'the stack is kept');
  });

  it('leaves dates, errors and circular values to the logger', () => {
    const { log, lines } = createTestLog();
    const circle: Record<string, unknown> = { at: new Date(0) };
    circle['self'] = circle;
    log.info({ circle }, 'round');
    assert.match(JSON.stringify(lines()), /1970-01-01T00:00:00\.000Z/);
  });
});
