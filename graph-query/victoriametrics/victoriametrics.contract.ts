import { onTestFinished } from 'vitest'
import { startVictoriaMetrics } from '../../test/services/index.ts'
import type { VictoriaMetrics } from '../../test/services/index.ts'

/** A server that is gone when the test ends. */
export async function serverForTest(): Promise<VictoriaMetrics> {
  const server = await startVictoriaMetrics()
  onTestFinished(() => server.remove())
  return server
}

/** Settings of a graph-query that keeps its series there. */
export function storedIn(url: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { storage: 'victoriametrics', victoriametrics: { write: `${url}/api/v1/write`, read: url, ...more } }
}
