import { findProgram, startPrivately } from './private-server.ts'
import type { PrivateServer } from './private-server.ts'

export interface VictoriaMetrics extends PrivateServer {
  /** Where its data is. */
  readonly folder: string
  /** `http://host:port` */
  readonly url: string
  /** Makes everything that was written visible to queries, which otherwise takes about a second. */
  flush(): Promise<void>
}

/** A VictoriaMetrics server (single node) that keeps everything for a hundred years. */
export async function startVictoriaMetrics(extraArguments: readonly string[] = []): Promise<VictoriaMetrics> {
  const command = findProgram(['victoria-metrics', '/usr/sbin/victoria-metrics'], 'victoria-metrics')
  const server = await startPrivately({
    name: 'victoria-metrics',
    command,
    arguments: ({ folder, port }) => [
      `-storageDataPath=${folder}/data`,
      `-httpListenAddr=127.0.0.1:${port}`,
      '-retentionPeriod=100y',
      '-memory.allowedBytes=512MB',
      '-loggerLevel=WARN',
      ...extraArguments,
    ],
    ready: async ({ port }) => {
      try {
        return (await fetch(`http://127.0.0.1:${port}/health`)).ok
      } catch {
        return false
      }
    },
  })
  const url = `http://127.0.0.1:${server.port}`
  return {
    ...server,
    url,
    async flush() {
      const answer = await fetch(`${url}/internal/force_flush`)
      await answer.text()
      if (!answer.ok) throw new Error(`Cannot flush ${url}: ${answer.status}`)
    },
  }
}
