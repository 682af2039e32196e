import * as fc from 'fast-check'
import { RE2JS } from 're2js'
import { expect, test } from 'vitest'
import { readPattern } from './pattern.ts'
import { requiredLiteral } from './required-literal.ts'
import { createBench } from './store-under-test.contract.ts'

const noon = 1_795_176_000

test('searches over many different counters find what testing each name finds, page by page', async () => {
  const { store } = await createBench(noon)
  const counters = Array.from(
    { length: 9000 },
    (_, i) => `proc.${i % 7 === 0 ? 'CPU' : 'mem'}/name=${i.toString(36)},pid=${i}`,
  )
  for (const counter of counters) store.define({ endpoint: 'e', counter, kind: 'GAUGE', step: 60 })
  store.define({ endpoint: 'e', counter: counters[3] ?? '', kind: 'DERIVE', step: 30 })
  await store.deleteCounters(['e'], counters.slice(5000, 5100))
  const kept = [...counters.slice(0, 5000), ...counters.slice(5100)]
  const endpointIds = store.endpoints(['e']).map(({ id }) => id)
  for (const text of [
    'cpu',
    'PID=8999',
    'pid=89.*9$',
    '[0-9]{5}',
    'zzz',
    '!cpu',
    'mem !pid=1 name=[a-f]',
    '.+',
    'cpu$',
  ]) {
    const pattern = readPattern(text, { negation: true })
    if (!pattern.ok) throw new Error(pattern.reason)
    const fitting = kept.filter((name) => pattern.value(name))
    for (const page of [1, 2, 12]) {
      const found = await store.searchCounters({ endpointIds, name: pattern.value, page, limit: 400 })
      expect(
        found.map(({ counter }) => counter),
        `${text}, page ${page}`,
      ).toEqual(fitting.slice((page - 1) * 400, page * 400))
    }
  }
})

test('endpoints are found by name and by parts that one counter has all of', async () => {
  const { store } = await createBench(noon)
  for (let i = 0; i < 3000; i++)
    for (const counter of [`df/mount=/${i}`, 'net.in/iface=eth0'])
      store.define({ endpoint: `Host${i}`, counter, kind: 'GAUGE', step: 60 })
  const find = async (text: string, parts: readonly string[], page = 1) => {
    const pattern = readPattern(text, { negation: false })
    if (!pattern.ok) throw new Error(pattern.reason)
    const found = await store.searchEndpoints({ name: pattern.value, parts, page, limit: 3 })
    return found.map(({ endpoint }) => endpoint)
  }
  expect(await find('host299', [])).toEqual(['Host299', 'Host2990', 'Host2991'])
  expect(await find('host299', [], 4)).toEqual(['Host2998', 'Host2999'])
  expect(await find('', ['DF', 'mount=/2999'])).toEqual(['Host2999'])
  expect(await find('', ['df', 'iface'])).toEqual([])
  await store.deleteEndpoints(['Host299'])
  expect(await find('^host299', [])).toEqual(['Host2990', 'Host2991', 'Host2992'])
})

test('a name that an expression fits has the literal that is required of it', () => {
  const piece = fc.constantFrom('a', 'B', 'k', 's', '.', '\\.', '[ab]', '[^]b]', '^', '$', '-', '監', 'cpu')
  const quantifier = fc.constantFrom('', '', '', '*', '+', '?', '{0,2}', '{2}', '*?')
  const expression = fc
    .array(fc.tuple(piece, quantifier), { minLength: 1, maxLength: 6 })
    .map((parts) => parts.map((part) => part.join('')).join(''))
  const letters = fc.string({
    unit: fc.constantFrom('a', 'A', 'b', 'B', 'K', '\u212a', '\u017f', '.', '-', '監', 'cpu'),
    maxLength: 12,
  })
  let fitting = 0
  fc.assert(
    fc.property(expression, letters, (text, name) => {
      const literal = requiredLiteral(text)
      let compiled
      try {
        compiled = RE2JS.compile(text, RE2JS.CASE_INSENSITIVE)
      } catch {
        return
      }
      if (!compiled.test(name)) return
      fitting++
      if (literal !== undefined) expect(name.toLowerCase(), text).toContain(literal)
    }),
    { numRuns: 5000 },
  )
  expect(fitting).toBeGreaterThan(300)
  expect(requiredLiteral('^net\\.if.*eth0$')).toBe('net.if')
  expect(requiredLiteral('foo|bar')).toBeUndefined()
})
