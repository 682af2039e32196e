import type { CheckState } from './checks/runner.ts'
import type { AgentStatus } from './status.ts'
import { droppedSamples } from './status.ts'
import type { LastValue } from './last-values.ts'

/** What can be wrong; each has its words in `http/page/texts.ts`. */
export type FindingKind =
  | 'notSent'
  | 'sendsNothing'
  | 'dropped'
  | 'memoryLimit'
  | 'rejected'
  | 'heartbeat'
  | 'duplicate'
  | 'skew'
  | 'collectorFailed'
  | 'collectorHangs'
  | 'pluginFailed'
  | 'pluginMissing'
  | 'checkFailed'
  | 'moreOfThese'
  | 'diskFull'
  | 'inodesFull'
  | 'diskStuck'
  | 'memoryFull'

const aboutElsewhere: readonly FindingKind[] = [
  'checkFailed',
  'diskFull',
  'inodesFull',
  'diskStuck',
  'memoryFull',
  'moreOfThese',
]

/** Whether the agent itself is in trouble, not its host or what a check watches. */
export function isAboutAgent(kind: FindingKind): boolean {
  return !aboutElsewhere.includes(kind)
}

/** Something that needs a person. */
export interface Finding {
  readonly level: 'bad' | 'warning'
  readonly kind: FindingKind
  /** What its words name. */
  readonly facts: Readonly<Record<string, string | number>>
}

/** Of one kind that many can have; the rest is a number. */
const mostOfAKind = 5

/** What is wrong on this host, the worst first; empty when all is well. */
export function findingsOf(status: AgentStatus): Finding[] {
  const all = [
    ...sending(status),
    ...ownMemory(status),
    ...heartbeat(status),
    ...few(status.collectors.map((trouble) => collectorTrouble(trouble))),
    ...few(plugins(status)),
    ...few(status.checks.flatMap(failedCheck)),
    ...few(host(status)),
  ]
  return all.toSorted((a, b) => Number(b.level === 'bad') - Number(a.level === 'bad'))
}

function sending({ send, counts }: AgentStatus): Finding[] {
  if (!send) return [{ level: 'warning', kind: 'sendsNothing', facts: {} }]
  const findings: Finding[] = []
  if (send.trouble !== undefined) {
    const waiting = send.memoryItems + send.spoolItems
    const full = Math.round((100 * send.spoolBytes) / send.spoolMaxBytes)
    const to = send.addresses.join(', ')
    findings.push({ level: 'bad', kind: 'notSent', facts: { reason: send.trouble, waiting, full, to } })
  }
  const dropped = droppedSamples(counts)
  if (dropped > 0) findings.push({ level: 'warning', kind: 'dropped', facts: { dropped } })
  const rejected = counts['rejected'] ?? 0
  if (rejected > 0) findings.push({ level: 'warning', kind: 'rejected', facts: { rejected } })
  return findings
}

function ownMemory({ memory }: AgentStatus): Finding[] {
  if (!memory?.crowded) return []
  const { megabytes, limitMegabytes: limit } = memory
  return [{ level: 'bad', kind: 'memoryLimit', facts: { megabytes, limit } }]
}

function heartbeat({ heartbeat: beat, hostname }: AgentStatus): Finding[] {
  if (!beat) return []
  const findings: Finding[] = []
  if (beat.trouble !== undefined)
    findings.push({ level: 'bad', kind: 'heartbeat', facts: { reason: beat.trouble, to: beat.addresses.join(', ') } })
  if (beat.duplicates !== undefined && beat.duplicates.length > 0)
    findings.push({ level: 'bad', kind: 'duplicate', facts: { hostname, others: beat.duplicates.join(', ') } })
  if (beat.skew !== undefined && Math.abs(beat.skew.seconds) > beat.skewLimitSeconds)
    findings.push({ level: 'warning', kind: 'skew', facts: { seconds: beat.skew.seconds } })
  return findings
}

function collectorTrouble({ collector, kind, reason }: AgentStatus['collectors'][number]): Finding {
  return kind === 'hangs'
    ? { level: 'bad', kind: 'collectorHangs', facts: { collector } }
    : { level: 'warning', kind: 'collectorFailed', facts: { collector, reason: reason ?? '' } }
}

function plugins({ plugins: states, pluginProblems }: AgentStatus): Finding[] {
  return [
    ...[...states].flatMap(([plugin, { last }]): Finding[] =>
      last?.error === undefined
        ? []
        : [{ level: 'warning', kind: 'pluginFailed', facts: { plugin, reason: last.error } }],
    ),
    ...pluginProblems.map(({ entry, reason }): Finding => ({
      level: 'warning',
      kind: 'pluginMissing',
      facts: { entry, reason },
    })),
  ]
}

function failedCheck({ metrics, tags, last }: CheckState): Finding[] {
  if (last?.reason === undefined) return []
  return [
    { level: 'warning', kind: 'checkFailed', facts: { check: `${metrics.join(' ')} ${tags}`, reason: last.reason } },
  ]
}

/** What the host itself is short of. */
function host({ values, nowMs, stepMs }: AgentStatus): Finding[] {
  return values.flatMap((value): Finding[] => {
    if (nowMs - value.atMs > 3 * stepMs) return []
    const { metric, value: measured } = value.sample
    const percent = Math.round(measured * 10) / 10
    const facts = { percent, mount: mountOf(value) }
    switch (metric) {
      case 'df.bytes.used.percent':
      case 'df.used.percent':
        return measured < 90 ? [] : [{ level: measured < 97 ? 'warning' : 'bad', kind: 'diskFull', facts }]
      case 'df.inodes.used.percent':
        return measured < 90 ? [] : [{ level: measured < 97 ? 'warning' : 'bad', kind: 'inodesFull', facts }]
      case 'df.stuck':
        return measured === 1 ? [{ level: 'bad', kind: 'diskStuck', facts }] : []
      case 'mem.memused.percent':
        return measured < 95 ? [] : [{ level: 'warning', kind: 'memoryFull', facts }]
      default:
        return []
    }
  })
}

function mountOf({ sample }: LastValue): string {
  return /(?:^|,)(?:mount|disk)=([^,]*)/.exec(sample.tags)?.[1] ?? ''
}

/** The first few, and how many more there are. */
function few(findings: readonly Finding[]): Finding[] {
  const more = findings.length - mostOfAKind
  if (more <= 0) return [...findings]
  return [...findings.slice(0, mostOfAKind), { level: 'warning', kind: 'moreOfThese', facts: { more } }]
}
