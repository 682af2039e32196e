import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { createCounters } from '#lib/counters'
import { expression, silentLog, strategy } from '../engine/fixture-judge.ts'
import { startRulePull } from './pull.ts'
import { readAnswers } from './read-rules.ts'
import { buildRuleSet, emptyRuleSet } from './rule-set.ts'
import type { RuleSet } from './rule-set.ts'
import { loadRules, saveRules } from './rules-file.ts'

/** An hbs that says what it is told to, and a pull that asks it every few milliseconds. */
async function pulling(
  answer: () => { strategies: unknown; expressions: unknown },
  work: (seen: Seen) => Promise<void>,
) {
  let rules = emptyRuleSet
  const counters = createCounters()
  const pull = startRulePull({
    client: {
      call: async (method) => {
        const { strategies, expressions } = answer()
        return method === 'Hbs.GetStrategies' ? { hostStrategies: strategies } : { expressions }
      },
    },
    intervalSeconds: () => 0.005,
    historyLimit: 20,
    current: () => rules,
    taken: async (fresh) => void (rules = fresh),
    counters,
    log: silentLog,
    now: () => 1,
  })
  const pulls = async (more: number) => {
    const until = counters.get('rules.pulls') + more
    await vi.waitFor(() => expect(counters.get('rules.pulls')).toBeGreaterThanOrEqual(until))
  }
  try {
    await pulls(1)
    await work({ rules: () => rules, failure: () => pull.failure, problems: () => pull.problems, pulls })
  } finally {
    await pull.stop()
  }
}

interface Seen {
  readonly rules: () => RuleSet
  readonly failure: () => string | undefined
  readonly problems: () => readonly string[]
  readonly pulls: (more: number) => Promise<void>
}

test('that no host has a strategy any more is believed when hbs says it three times running', async () => {
  const some = [{ hostname: 'h1', strategies: [strategy({ id: 1 })] }]
  const answers = [some, [], null, some, null, [], null]
  let asked = 0
  await pulling(
    // Each pull asks twice.
    () => ({ strategies: answers[Math.min(Math.floor(asked++ / 2), answers.length - 1)], expressions: null }),
    async ({ rules, failure }) => {
      await vi.waitFor(() => expect(rules().hosts.size).toBe(0))
      expect(asked).toBeGreaterThanOrEqual(2 * answers.length)
      await vi.waitFor(() => expect(failure()).toBeUndefined())
    },
  )
})

test('an error or a wrong shape never replaces the last good rules', async () => {
  const good = { strategies: [{ hostname: 'h1', strategies: [strategy({ id: 1 })] }], expressions: null }
  let answer: () => { strategies: unknown; expressions: unknown } = () => good
  await pulling(
    () => answer(),
    async ({ rules, failure, pulls }) => {
      const first = rules()
      expect(first.version).toBe(1)
      const bad = [
        { strategies: 'none', expressions: null },
        { strategies: good.strategies, expressions: {} },
      ]
      for (const one of bad) {
        answer = () => one
        await pulls(2)
        expect(rules()).toBe(first)
        expect(failure()).toBeDefined()
      }
      answer = () => {
        throw new Error('Cannot query strategies')
      }
      await pulls(2)
      expect(failure()).toBe('Cannot query strategies')
      expect(rules()).toBe(first)
      answer = () => good
      await pulls(2)
      expect(rules()).toBe(first)
      expect(failure()).toBeUndefined()
    },
  )
})

test('expressions may go, since having none is usual', async () => {
  const strategies = [{ hostname: 'h1', strategies: [strategy({ id: 1 })] }]
  let expressions: unknown = [expression({ id: 5, tags: { a: '1' } })]
  await pulling(
    () => ({ strategies, expressions }),
    async ({ rules, pulls }) => {
      expect(rules().has('e_5')).toBe(true)
      expressions = null
      await pulls(2)
      expect(rules().has('e_5')).toBe(false)
      expect(rules().has('s_1')).toBe(true)
    },
  )
})

test('one bad rule costs only itself and is named', async () => {
  const strategies = [
    { hostname: 'h1', strategies: [{ ...strategy({ id: 1 }), rightValue: 'ten' }, strategy({ id: 2 }), null] },
    { hostname: '', strategies: [] },
  ]
  await pulling(
    () => ({ strategies, expressions: [{ id: 'x' }] }),
    async ({ rules, problems }) => {
      expect([...rules().all].map((rule) => rule.key)).toEqual(['s_2'])
      expect(problems()).toEqual([
        'strategy 1 cannot be used: its rightValue is "ten"',
        'a strategy is not an object: null',
        'a host of hostStrategies has no name or no list of strategies: ""',
        'expression ? cannot be used: its id is "x"',
      ])
    },
  )
})

test('hosts with the same rules share them, and a changed rule is a new one', () => {
  const answersOf = (rightValue: number) => {
    const hosts = ['a', 'b', 'c'].map((hostname) => ({ hostname, strategies: [strategy({ id: 1, rightValue })] }))
    const read = readAnswers({ hostStrategies: hosts }, { expressions: null })
    if (!read.ok) throw new Error(read.reason)
    return read.value
  }
  const first = buildRuleSet(answersOf(1), emptyRuleSet, 20)
  expect(first.all.size).toBe(1)
  expect(first.rulesFor('a', 'm', '')).toBe(first.rulesFor('b', 'm', 'x=1'))
  const second = buildRuleSet(answersOf(2), first, 20)
  expect(second.version).toBe(2)
  expect(second.rulesFor('a', 'm', '')[0]).not.toBe(first.rulesFor('a', 'm', '')[0])
})

test('what is saved is what is loaded; a damaged file is an error, a missing one is not', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'judge-rules-'))
  try {
    const file = join(dir, 'rules.json')
    expect(await loadRules(file)).toBeUndefined()
    const answers = {
      hosts: [
        { hostname: 'h1', strategies: [strategy({ id: 1, tags: { a: '1' } }), strategy({ id: 2, tpl: null })] },
        { hostname: 'h2', strategies: [strategy({ id: 1, tags: { a: '1' } })] },
      ],
      expressions: [expression({ id: 3, tags: { b: '2' } })],
    }
    await saveRules(file, buildRuleSet(answers, emptyRuleSet, 20))
    expect(await loadRules(file)).toEqual(answers)
    writeFileSync(file, '{"format":1')
    await expect(loadRules(file)).rejects.toThrow()
  } finally {
    rmSync(dir, { recursive: true })
  }
})
