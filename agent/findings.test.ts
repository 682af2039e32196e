import { expect, test } from 'vitest'
import { gauge } from './collectors/collector.ts'
import { findingsOf } from './findings.ts'
import { agentStatus } from './status.fixture.ts'
import type { AgentStatus } from './status.ts'

const kinds = (members: Partial<AgentStatus>) =>
  findingsOf(agentStatus(members)).map(({ level, kind }) => [level, kind])
const { send, heartbeat, nowMs } = agentStatus()

test('with all well there is nothing to say', () => {
  expect(kinds({})).toEqual([])
  expect(kinds({ heartbeat: undefined })).toEqual([])
})

test('the worst comes first, with the facts that its words need', () => {
  const findings = findingsOf(
    agentStatus({
      send: send && { ...send, trouble: 'gone', memoryItems: 3, spoolItems: 4, spoolBytes: 250 },
      heartbeat: heartbeat && { ...heartbeat, duplicates: ['10.0.0.9'], skew: { seconds: -6, withinSeconds: 1 } },
      counts: { 'dropped.size': 2, 'dropped.age': 3, rejected: 1 },
    }),
  )
  expect(findings.map(({ kind }) => kind)).toEqual(['notSent', 'duplicate', 'dropped', 'rejected', 'skew'])
  expect(findings[0]?.facts).toEqual({ reason: 'gone', waiting: 7, full: 25, to: '10.0.0.7:8433' })
  expect(findings[2]?.facts).toEqual({ dropped: 5 })
})

test('what the host is short of counts while it is measured', () => {
  const value = (metric: string, measured: number, atMs = nowMs, tags = 'fstype=ext4,mount=/data') => ({
    sample: gauge(metric, measured, tags),
    atMs,
    perSecond: undefined,
  })
  expect(kinds({ values: [value('df.bytes.used.percent', 91)] })).toEqual([['warning', 'diskFull']])
  expect(kinds({ values: [value('df.bytes.used.percent', 97)] })).toEqual([['bad', 'diskFull']])
  expect(kinds({ values: [value('df.bytes.used.percent', 99, nowMs - 200_000)] })).toEqual([])
  expect(kinds({ values: [value('mem.memused.percent', 98, nowMs, ''), value('df.stuck', 1)] })).toEqual([
    ['bad', 'diskStuck'],
    ['warning', 'memoryFull'],
  ])
})

test('of a kind that many have the first are named and the rest are counted', () => {
  const collectors = Array.from({ length: 12 }, (_, i) => ({
    collector: `c${i}`,
    kind: 'failed' as const,
    reason: 'x',
  }))
  const findings = findingsOf(agentStatus({ collectors }))
  expect(findings).toHaveLength(6)
  expect(findings.at(-1)).toMatchObject({ kind: 'moreOfThese', facts: { more: 7 } })
})
