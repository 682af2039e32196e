import { performance } from 'node:perf_hooks'
import type { LinuxHost, SystemdUnit } from '../../host/linux/host.ts'
import { gauge, hostTags } from '../collector.ts'
import type { CollectedSample, Collector } from '../collector.ts'
import { patternOf } from '../pattern.ts'

/** The first process of a machine lists its units for us, so it is asked rarely: at steps below a minute, the last answer is repeated. */
const askEveryMs = 50_000

/** Always sent, so that a strategy on failed units reads 0 while there are none. */
const states = ['active', 'inactive', 'failed', 'activating', 'deactivating', 'reloading']

/** Units of systemd by their state, and whether each of `watched` is active: names or patterns of `*` and `?`. */
export function createSystemdCollector(
  host: Pick<LinuxHost, 'units'>,
  watched: readonly string[],
  now: () => number = () => performance.now(),
): Collector {
  let last: { at: number; samples: CollectedSample[] } | undefined
  return {
    name: 'systemd',
    async collect() {
      if (!last || now() - last.at >= askEveryMs) {
        const at = now()
        const units = await host.units()
        last = { at, samples: units ? unitSamples(units, watched) : [] }
      }
      return last.samples
    },
  }
}

export function unitSamples(units: readonly SystemdUnit[], watched: readonly string[]): CollectedSample[] {
  const counts = new Map(states.map((state) => [state, 0]))
  for (const { state } of units) counts.set(state, (counts.get(state) ?? 0) + 1)
  return [
    ...[...counts].map(([state, count]) => gauge('systemd.units', count, hostTags({ state }))),
    ...watchedUnits(units, watched).map(({ name, state }) =>
      gauge('systemd.unit.active', state === 'active' ? 1 : 0, hostTags({ unit: name })),
    ),
  ]
}

/** A unit that is named in full is watched also while systemd does not know it. */
function watchedUnits(units: readonly SystemdUnit[], watched: readonly string[]): SystemdUnit[] {
  const patterns = watched.map(patternOf)
  const found = units.filter(({ name }) => patterns.some((pattern) => pattern.test(name)))
  const absent = watched.filter((name) => !/[*?]/.test(name) && !found.some((unit) => unit.name === name))
  return [...found, ...[...new Set(absent)].map((name) => ({ name, state: 'inactive' }))]
}
