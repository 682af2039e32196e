import { performance } from 'node:perf_hooks'
import type { Host } from '../host/host.ts'
import { defineCheck } from './check.ts'
import type { Outcome } from './check.ts'

/** Falcon: as long as the original lets `du` run. */
const deadlineMs = 30_000

/** `path=<directory>`: bytes in it as `du -bs` counts them; -1 when it cannot be read in full or within 30 s. */
export const directorySize = defineCheck<string>({
  name: 'du.bs',
  metrics: ['du.bs'],
  read(tags) {
    const path = tags.startsWith('path=') ? tags.slice('path='.length).trim() : ''
    if (!isAbsolute(path)) return { ok: false, reason: `"${tags}" is not path=<absolute path>` }
    return { ok: true, value: path }
  },
  run: (paths, { host }) => Promise.all(paths.map((path) => sizeOf(host, path))),
})

/** On whichever system: the portal may hand out paths of the other one, which then have no size. */
function isAbsolute(path: string): boolean {
  return path.startsWith('/') || /^[A-Za-z]:[\\/]/.test(path)
}

async function sizeOf(host: Host, path: string): Promise<Outcome> {
  const startedAt = performance.now()
  const outcome = (size: number) => ({ values: { 'du.bs': size }, durationMs: performance.now() - startedAt })
  try {
    return outcome(await host.treeSize(path, deadlineMs))
  } catch (error) {
    // Falcon: -1 is how the check says that it failed, for whatever reason.
    return { ...outcome(-1), reason: (error as Error).message }
  }
}
