// The life of a model, left to right. A module may import only modules to its left, and only their index.ts.
const modules = [
  'data',
  'features',
  'tracking',
  'tracing',
  'registry',
  'evaluation',
  'pipelines',
  'serving',
  'monitoring',
  'governance',
];
const inModule = (names) => `^server/src/modules/(${names.join('|')})/`;
const error = (name, from, to) => ({ name, severity: 'error', from, to });

// Tests may use what their workspace's sources may not: Node, a real server, another module's fixtures.
const notTests = '\\.test\\.tsx?$';

export default {
  forbidden: [
    error('no-cycles', {}, { circular: true }),
    error('everything-resolves', {}, { couldNotResolve: true, pathNot: '\\.css$' }),
    ...modules
      .slice(0, -1)
      .map((name, i) =>
        error(`${name}-imports-point-left`, { path: inModule([name]) }, { path: inModule(modules.slice(i + 1)) }),
      ),
    error(
      'modules-meet-at-index',
      { path: '^server/src/modules/([^/]+)/' },
      { path: '^server/src/modules/', pathNot: ['^server/src/modules/$1/', '/index\\.ts$'] },
    ),
    error(
      'programs-use-the-front-door',
      { path: '^server/src/[^/]+\\.ts$' },
      { path: '^server/src/modules/', pathNot: '^server/src/modules/[^/]+/index\\.ts$' },
    ),
    error(
      'protocols-use-the-front-door',
      { path: '^server/src/protocols/' },
      { path: '^server/src/modules/', pathNot: '^server/src/modules/[^/]+/index\\.ts$' },
    ),
    error(
      'protocols-are-separate',
      { path: '^server/src/protocols/([^/]+)/' },
      { path: '^server/src/protocols/', pathNot: '^server/src/protocols/$1/' },
    ),
    error(
      'nothing-imports-protocols',
      { path: '^(stats|api|sdk|server|web)/src/', pathNot: ['^server/src/protocols/', '^server/src/app\\.ts$'] },
      { path: '^server/src/protocols/' },
    ),
    error('platform-knows-no-module', { path: '^server/src/platform/' }, { path: '^server/src/modules/' }),
    error(
      'sql-lives-in-stores',
      { path: '^server/src/(modules|protocols)/', pathNot: '^server/src/modules/.*(-store|/index)\\.ts$' },
      { path: '^server/src/platform/database' },
    ),
    error(
      'programs-do-not-use-testing',
      { path: '^server/src/', pathNot: '^server/src/testing/' },
      { path: '^server/src/testing/' },
    ),
    error('stats-and-api-run-anywhere', { path: '^(stats|api)/src/' }, { dependencyTypes: ['core'] }),
    error('stats-depends-on-nothing', { path: '^stats/src/' }, { pathNot: '^stats/src/' }),
    error('api-depends-on-zod-alone', { path: '^api/src/' }, { pathNot: ['^api/src/', '^node_modules/zod/'] }),
    error('sdk-depends-on-the-contract', { path: '^sdk/src/' }, { path: '^(stats|server|web)/' }),
    error('web-depends-on-the-contract', { path: '^web/src/' }, { path: '^(stats|server|sdk)/' }),
    error('server-serves-alone', { path: '^server/src/' }, { path: '^(sdk|web)/' }),
  ],
  options: {
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    exclude: { path: notTests },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['node', 'import'] },
  },
};
