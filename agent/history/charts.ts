/** A line of a chart: one metric, or the first of several names of the same that is measured. */
interface LineSpec {
  readonly metrics: readonly string[]
  /** What makes the chart's unit of a value; default 1. */
  readonly scale?: Readonly<Record<string, number>>
}

/** What one chart of the status page shows. */
export interface ChartSpec {
  readonly id: string
  readonly unit: 'percent' | 'bytes' | 'bytes per second' | 'none'
  /** Areas on each other; lines; or the first line upwards and the second downwards. */
  readonly shape: 'stack' | 'lines' | 'mirror'
  /** Where the axis ends; default: where the values do. */
  readonly ceiling?: number
  readonly lines: readonly LineSpec[]
  /** Keys of the tag that tells series of one metric apart; one set of lines for each of its values. */
  readonly tags?: readonly string[]
}

const line = (...metrics: string[]): LineSpec => ({ metrics })

/** Sets of lines that a chart with tags has at most: those with the highest values. */
export const mostGroups = 6

/** Bytes of a unit of `net.if.*.mbits`, which the old Windows agent counts in tenths. */
const bytesOfMbits = 100_000 / 8

/** In the order of the page. */
export const chartSpecs: readonly ChartSpec[] = [
  {
    id: 'cpu',
    unit: 'percent',
    shape: 'stack',
    ceiling: 100,
    lines: ['user', 'system', 'iowait', 'steal', 'nice', 'softirq', 'irq'].map((part) => line(`cpu.${part}`)),
  },
  { id: 'load', unit: 'none', shape: 'lines', lines: [line('load.1min'), line('load.5min'), line('load.15min')] },
  {
    id: 'memory',
    unit: 'percent',
    shape: 'lines',
    ceiling: 100,
    lines: [line('mem.memused.percent'), line('mem.swapused.percent')],
  },
  {
    id: 'network',
    unit: 'bytes per second',
    shape: 'mirror',
    tags: ['iface', 'interface'],
    lines: ['in', 'out'].map((way) => ({
      metrics: [`net.if.${way}.bytes`, `net.if.${way}.mbits`],
      scale: { [`net.if.${way}.mbits`]: bytesOfMbits },
    })),
  },
  {
    id: 'fileSystems',
    unit: 'percent',
    shape: 'lines',
    ceiling: 100,
    tags: ['mount', 'disk'],
    lines: [line('df.bytes.used.percent', 'df.used.percent')],
  },
  { id: 'disks', unit: 'percent', shape: 'lines', ceiling: 100, tags: ['device'], lines: [line('disk.io.util')] },
  { id: 'agentCpu', unit: 'percent', shape: 'lines', lines: [line('agent.cpu')] },
  { id: 'agentMemory', unit: 'bytes', shape: 'lines', lines: [line('agent.mem.rss')] },
  { id: 'spool', unit: 'bytes', shape: 'lines', lines: [line('agent.spool.bytes')] },
]
