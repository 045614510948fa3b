import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { invalidInput, PlatformError } from '@flyball/api';

// Two lists: one list would match every IPv4 address by the range that holds them in IPv6 clothes.
const private4 = new BlockList();
const private6 = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  private4.addSubnet(network, prefix, 'ipv4');
}
for (const [network, prefix] of [
  ['::', 96],
  ['::ffff:0:0', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const) {
  private6.addSubnet(network, prefix, 'ipv6');
}

/** Whether an address belongs to this machine or to a network that the public cannot reach. */
export function isPrivateAddress(address: string): boolean {
  return isIP(address) === 6 ? private6.check(address, 'ipv6') : private4.check(address, 'ipv4');
}

/** The addresses of a name. */
export type Resolve = (host: string) => Promise<readonly string[]>;

const LOOKUP_MS = 5_000;

/** Looking up a name cannot be cancelled, but nobody has to wait for it. */
const resolveByDns: Resolve = async (host) => {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`The name ${host} was not resolved in time`)), LOOKUP_MS);
  const found = lookup(host, { all: true }).finally(() => clearTimeout(timer));
  return (await Promise.race([found, late])).map(({ address }) => address);
};

/**
 * The address that a webhook may be sent to: resolved once and then used as it is, so that a name cannot point
 * elsewhere between check and use (DNS rebinding).
 */
export async function webhookAddress(
  url: URL,
  allowPrivate: boolean,
  resolve: Resolve = resolveByDns,
): Promise<string> {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw invalidInput(`A webhook goes to http or https, not ${url.protocol}`);
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const addresses = isIP(host) === 0 ? await resolve(host) : [host];
  const bad = allowPrivate ? undefined : addresses.find(isPrivateAddress);
  if (bad !== undefined || addresses.length === 0) {
    throw new PlatformError(
      'not_allowed',
      `${url.host} is a private address; allow those with --allow-private-webhooks`,
    );
  }
  return addresses[0]!;
}
