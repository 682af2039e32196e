import { sortTags } from '#protocol'
import { gauge } from '../collectors/collector.ts'
import type { Host } from '../host/host.ts'
import { defineCheck } from './check.ts'

/** Falcon: as long as the original lets `du` run. */
const deadlineMs = 30_000

/** `path=<directory>`: bytes in it as `du -bs` counts them; -1 when it cannot be read in full or within 30 s. */
export const directorySize = defineCheck<string>({
  metric: 'du.bs',
  read(tags) {
    const path = tags.startsWith('path=') ? tags.slice('path='.length).trim() : ''
    if (!path.startsWith('/')) return { ok: false, reason: `"${tags}" is not path=<absolute path>` }
    return { ok: true, value: path }
  },
  async run(checks, { host }) {
    return await Promise.all(
      checks.map(async ({ tags, target }) => gauge('du.bs', await sizeOf(host, target), sortTags(tags))),
    )
  },
})

async function sizeOf(host: Host, path: string): Promise<number> {
  try {
    return await host.treeSize(path, deadlineMs)
  } catch {
    // Falcon: -1 is how the check says that it failed, for whatever reason.
    return -1
  }
}
