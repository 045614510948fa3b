import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { withPatience } from './patient-fetch.ts';

describe('patience with servers', () => {
  let server: Server;
  let url: string;
  /** Statuses of the next answers, 0 for none at all; then 200. */
  let answers: number[] = [];
  let requests = 0;

  before(async () => {
    server = createServer((request, answer) => {
      requests++;
      const status = answers.shift() ?? 200;
      if (status === 0) request.socket.destroy();
      else answer.writeHead(status, { 'retry-after': '0' }).end('said');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });

  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const ask = async (...given: number[]) => {
    answers = given;
    requests = 0;
    return await withPatience(async () => await fetch(url), { tries: 4, firstPauseMs: 5 });
  };

  it('repeats what was not answered, or by a server that may be back soon', async () => {
    const answer = await ask(503, 0, 429);
    assert.deepEqual([answer.status, await answer.text(), requests], [200, 'said', 4]);
  });

  it('takes every other answer as it is', async () => {
    for (const status of [400, 404, 500]) {
      assert.equal((await ask(status)).status, status);
      assert.equal(requests, 1);
    }
  });

  it('gives up in the end', async () => {
    assert.equal((await ask(503, 503, 503, 503)).status, 503);
    await assert.rejects(ask(0, 0, 0, 0), TypeError);
    assert.equal(requests, 4);
  });

  it('does not repeat mistakes of its caller', async () => {
    let tries = 0;
    const mistake = async () => {
      tries++;
      return await fetch('no address');
    };
    await assert.rejects(withPatience(mistake, { firstPauseMs: 5 }));
    await assert.rejects(async () => await withPatience(() => Promise.reject(new Error('own'))), /own/);
    assert.equal(tries, 1);
  });
});
