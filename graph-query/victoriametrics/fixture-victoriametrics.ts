import { afterAll, beforeAll } from 'vitest'
import { startVictoriaMetrics } from '../../test/services/index.ts'
import type { VictoriaMetrics } from '../../test/services/index.ts'

/** One server for a test file; `wipe` makes it forget all series. */
export function serverForTests(): { get(): VictoriaMetrics; wipe(): Promise<void> } {
  let server: VictoriaMetrics | undefined
  beforeAll(async () => {
    server = await startVictoriaMetrics()
  })
  afterAll(() => server?.remove())
  const get = () => {
    if (!server) throw new Error('Cannot use VictoriaMetrics: it is not started')
    return server
  }
  return {
    get,
    async wipe() {
      await get().flush()
      const path = `/api/v1/admin/tsdb/delete_series?match[]=${encodeURIComponent('{endpoint!=""}')}`
      const answer = await fetch(get().url + path, { method: 'POST' })
      if (!answer.ok) throw new Error(`Cannot wipe ${get().url}: ${answer.status}`)
    },
  }
}

/** Settings of a graph-query that keeps its series there. */
export function storedIn(url: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { storage: 'victoriametrics', victoriametrics: { write: `${url}/api/v1/write`, read: url, ...more } }
}
