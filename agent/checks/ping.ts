import { setTimeout as sleep } from 'node:timers/promises'
import type { IpVersion } from '../host/names.ts'
import { UnreachableError } from '../host/unreachable.ts'
import { defineCheck } from './check.ts'
import type { CheckContext, Outcome } from './check.ts'
import { eachTarget } from './each-target.ts'
import { readOptions } from './options.ts'

interface PingTarget {
  readonly host: string
  readonly version: IpVersion | undefined
  readonly count: number
  readonly timeoutMs: number
}

/** Targets at a time: their replies fit into the buffer of the socket even if all come at once. */
const parallel = 128

/** Between two echoes to the same target: one lost in a burst says nothing about the next. */
const gapMs = 200

/** `host=<name or address>[,count=<n>][,timeout=<seconds>][,ip=4|6]`: ICMP echoes, the share lost and how long they took. */
export const ping = defineCheck<PingTarget>({
  name: 'ping',
  timesAnswers: true,
  metrics: ['ping.loss', 'ping.min', 'ping.avg', 'ping.max'],
  read: (tags, options) =>
    readOptions(tags, options, { keys: ['host', 'count', 'timeout', 'ip'] }, (reader) => ({
      host: reader.text('host'),
      version: reader.ipVersion(),
      count: reader.number('count', { min: 1, max: 20, fallback: 3 }),
      timeoutMs: reader.number('timeout', { min: 1, max: 10, fallback: 1 }) * 1000,
    })),
  run: (targets, context) => eachTarget(targets, { parallel, longestMs }, (target) => pinged(target, context)),
})

/** Of the name, and of the echoes. */
function longestMs({ count, timeoutMs }: PingTarget): number {
  return 2 * timeoutMs + (count - 1) * gapMs
}

async function pinged(target: PingTarget, { host, names }: CheckContext): Promise<Outcome> {
  const { count, timeoutMs } = target
  let address: string
  try {
    ;[address = target.host] = await names.addresses(target.host, timeoutMs, target.version)
  } catch (error) {
    return lost((error as Error).message)
  }
  const echoes = Array.from({ length: count }, async (_, i) => {
    if (i > 0) await sleep(i * gapMs)
    return await host.echo(address, timeoutMs)
  })
  const answers = await Promise.allSettled(echoes)
  const problem: unknown = answers.find((answer) => answer.status === 'rejected')?.reason
  if (problem instanceof UnreachableError) return lost(problem.message)
  // Nothing was asked: that we may not ask says nothing about the target.
  if (problem !== undefined) return { values: {}, reason: (problem as Error).message }
  const times = answers.flatMap((answer) => (answer.status === 'fulfilled' ? (answer.value ?? []) : []))
  if (times.length === 0) return lost(`no reply from ${address} in ${timeoutMs / 1000} s`)
  const values = {
    'ping.loss': (100 * (count - times.length)) / count,
    'ping.min': Math.min(...times),
    'ping.avg': times.reduce((sum, time) => sum + time, 0) / times.length,
    'ping.max': Math.max(...times),
  }
  return times.length === count ? { values } : { values, reason: `${times.length} of ${count} replies from ${address}` }
}

function lost(reason: string): Outcome {
  return { values: { 'ping.loss': 100 }, reason }
}
