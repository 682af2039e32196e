import type { IForbiddenRuleType } from 'dependency-cruiser'

const modules = '(agent|transfer|hbs|judge|graph-query|alarm|portal)'

/** Files that only tests use. */
const forTests = '[.](test|contract|reference|fixture)[.]ts$|/fixture-[^/]*[.]ts$'

/** Who may import whom: modules → lib → protocol, never back; modules meet on the network; lib is entered through its faces. */
export const importRules: IForbiddenRuleType[] = [
  {
    name: 'modules-meet-on-the-network',
    from: { path: `^${modules}/` },
    to: { path: `^${modules}/`, pathNot: '^$1/' },
  },
  { name: 'lib-knows-no-module', from: { path: '^(lib|protocol)/' }, to: { path: `^(${modules}/|control[.]ts)` } },
  {
    name: 'protocol-knows-nothing',
    from: { path: '^protocol/', pathNot: '[.](test|reference)[.]ts$' },
    to: { pathNot: '^(protocol/|(node:)?[a-z/_]+$)' },
  },
  {
    name: 'through-the-face',
    from: { path: '^lib/([^/]+)/' },
    to: { path: '^lib/[^/]+/', pathNot: ['^lib/$1/', '^lib/[^/]+/index[.]ts$'] },
  },
  {
    name: 'through-the-face-from-outside',
    from: { pathNot: '^(lib|protocol)/' },
    to: {
      path: '^(lib/[^/]+|protocol)/',
      pathNot: ['^lib/[^/]+/index[.]ts$', '^protocol/index[.]ts$', '[.](contract|reference)[.]ts$'],
    },
  },
  {
    name: 'no-product-code-uses-tests',
    from: { path: `^(${modules}|lib|protocol|control)`, pathNot: forTests },
    to: { path: '^(test|bench)/' },
  },
  {
    // What only tests use is not built, and may need packages that an installation has not.
    name: 'no-product-code-uses-fixtures',
    from: { path: `^(${modules}|lib|protocol|control)`, pathNot: forTests },
    to: { path: forTests },
  },
  {
    // jayson and what it brings take megabytes, which an agent that only calls must not pay.
    name: 'dispatch-is-loaded-late',
    from: {},
    to: { path: '^lib/rpc/dispatch[.]ts$', dynamic: false, dependencyTypesNot: ['type-only'] },
  },
  { name: 'resolvable', from: {}, to: { couldNotResolve: true } },
  { name: 'no-cycles', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
].map((rule) => ({ severity: 'error', ...rule }) as IForbiddenRuleType)
