import { formatTable } from '#lib/table'

interface Goal {
  readonly what: string
  /** What stands behind the number. */
  readonly unit: string
  readonly digits: number
  /** Reached from here on upwards, or downwards. */
  readonly least?: number
  readonly most?: number
  /** Why it is hard, for when it is missed. */
  readonly why?: string
}

/** The numbers to reach on two cores, and which bench measures each. */
const goals = {
  transferPerCore: {
    what: 'transfer intake, every sample acknowledged by judge and graph (transfer-intake)',
    unit: 'M samples/s a core',
    digits: 2,
    least: 1.2,
    why: 'reading JSON is half of it',
  },
  fullPathStored: { what: 'full path, stored (full-path)', unit: 'k samples/s', digits: 0, least: 500 },
  fullPathDropped: { what: 'full path, dropped (full-path)', unit: 'samples', digits: 0, most: 0 },
  fullPathMicros: { what: 'full path, CPU a sample (full-path)', unit: 'µs', digits: 2, most: 3 },
  graphAccepted: { what: 'graph, accepted over the link (graph)', unit: 'M samples/min', digits: 0, least: 20 },
  graphLoad: { what: 'graph, load of 2 M series at 60 s (growth)', unit: '% of two cores', digits: 1, most: 10 },
  graphPoint: { what: 'graph, raw point on disk, merged by days (query)', unit: 'bytes', digits: 2, most: 2 },
  graphResident: { what: 'graph, resident memory a series at 2 M (growth)', unit: 'bytes', digits: 0, most: 250 },
  graphRestart: { what: 'graph, restart of 2 M series after SIGKILL (growth)', unit: 's', digits: 1, most: 5 },
  queryWarm: { what: 'query of 100 series x 1 year, warm (query)', unit: 'ms', digits: 0, most: 50 },
  queryCold: { what: 'query of 100 series x 1 year, cold (query)', unit: 'ms', digits: 0, most: 500 },
  search: {
    what: 'slowest first page of a search over 2 M series of 20 k hosts (index)',
    unit: 'ms',
    digits: 0,
    most: 100,
  },
  searchDistinct: {
    what: '  over 2 M counters that all differ (index)',
    unit: 'ms',
    digits: 0,
    most: 100,
    why: 'an expression without a literal meets every name; it runs in turns',
  },
  judgeMicros: { what: 'judge, CPU a sample, 10 k hosts x 20 strategies (judge)', unit: 'µs', digits: 2, most: 1 },
  agentCpu: { what: 'agent, CPU (agent)', unit: '% of a core', digits: 2, most: 0.2 },
  agentResident: {
    what: 'agent, resident memory (agent)',
    unit: 'MB',
    digits: 1,
    most: 55,
    why: 'Node alone takes 39',
  },
} as const satisfies Record<string, Goal>

/** What a bench measured of that. */
export type Reached = Partial<Record<keyof typeof goals, number>>

/** How each number stands to its goal: above 1 it is reached. */
export function goalsTable(reached: Reached): string {
  const rows = Object.entries(goals).flatMap(([name, goal]: [string, Goal]) => {
    const value = reached[name as keyof typeof goals]
    if (value === undefined) return []
    const { what, unit, digits, least, most, why } = goal
    const wanted = least ?? most ?? 0
    const isReached = least === undefined ? value <= wanted : value >= wanted
    const ratio = least === undefined ? wanted / value : value / wanted
    return [
      [
        what,
        `${value.toFixed(digits)} ${unit}`,
        `${least === undefined ? '<=' : '>='} ${wanted}`,
        Number.isFinite(ratio) ? `${ratio.toFixed(2)}x` : '',
        isReached ? 'reached' : ['MISSED', why ?? []].flat().join(': '),
      ],
    ]
  })
  return formatTable(['goal', 'measured', 'wanted', 'ratio', ''], rows)
}
