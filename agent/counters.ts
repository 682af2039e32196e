import type { Counters } from '#lib/counters'

const refusals = [
  'null item',
  'no metric',
  'unknown counterType',
  'not a value',
  'step not positive',
  'metric and tags too long',
  'kernel.hostname',
  'undecodable item',
]
const drops = ['size', 'age', 'corrupt', 'disk', 'stopped']
const received = ['own', 'push', 'plugin']

/** Makes the counts there are known at zero, so that a monitor need not wait for the first of a kind. */
export function showCounts(counters: Counters): void {
  const names = [
    ...received.map((source) => `received.${source}`),
    ...refusals.map((reason) => `refused.${reason}`),
    ...drops.map((reason) => `dropped.${reason}`),
    'inherited',
    'ignored',
    'delivered',
    'rejected',
    'undecodable',
    'round.skipped',
    'plugin.runs.ok',
    'plugin.runs.failed',
    'plugin.skipped',
    'heartbeat.ok',
    'heartbeat.failed',
    'collect.samples',
    'collect.failed',
    'collect.stuck',
    'collect.late',
    'collect.notFinite',
  ]
  for (const name of names) counters.add(name, 0)
}
