import { equal, rejects } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isPrivateAddress, webhookAddress } from './webhook-address.ts';

describe('the address of a webhook', () => {
  it('is private when it is this machine, a private network, link-local, or one of these in IPv6 clothes', () => {
    const hidden = [
      '127.0.0.1',
      '10.1.2.3',
      '172.31.0.1',
      '192.168.1.1',
      '169.254.169.254',
      '100.64.0.1',
      '0.0.0.0',
      '::1',
      '::',
      'fe80::1',
      'fd00::1',
      '::ffff:127.0.0.1',
      '::ffff:a9fe:a9fe',
      '64:ff9b::7f00:1',
    ];
    for (const address of hidden) equal(isPrivateAddress(address), true, address);
    for (const address of ['93.184.216.34', '2606:2800:220:1:248:1893:25c8:1946']) {
      equal(isPrivateAddress(address), false, address);
    }
  });

  it('is refused when it is private, however it is written, and for other protocols', async () => {
    const bad = [
      'http://127.0.0.1/',
      'http://2130706433/',
      'http://0x7f.1/',
      'http://[::1]/',
      'http://localhost/',
      'http://169.254.169.254/latest',
    ];
    for (const url of bad) await rejects(webhookAddress(new URL(url), false), { code: 'not_allowed' }, url);
    await rejects(webhookAddress(new URL('file:///etc/passwd'), true), { code: 'invalid_input' });
  });

  it('may be private where the operator allows it', async () => {
    equal(await webhookAddress(new URL('http://127.0.0.1:9/x'), true), '127.0.0.1');
  });
});
