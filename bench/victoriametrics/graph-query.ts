import { createLogger } from '#lib/log'
import { graphQueryConfig } from '../../graph-query/config.ts'
import { startGraphQuery } from '../../graph-query/graph-query.ts'

/**
 * A graph-query in a process of its own: `graph-query DIR SECONDS [URL]`. Its time is SECONDS until a message says a later
 * one, so that a day can be written in a few seconds. With the URL of a VictoriaMetrics it keeps no series itself.
 */
const [, , dir = '', seconds = '', victoriametrics] = process.argv
const clock = { now: Number(seconds) }
const listen = { listen: '127.0.0.1:0' }
const engine =
  victoriametrics === undefined
    ? { storage: { dir, maintainMs: 200 } }
    : {
        storage: { engine: 'victoriametrics', dir },
        victoriametrics: { write: `${victoriametrics}/api/v1/write`, read: victoriametrics },
      }
const config = graphQueryConfig.parse({ http: listen, rpc: listen, query: listen, ...engine })
const log = createLogger('graph-query', { destination: process.stderr })
log.level = 'error'
const running = await startGraphQuery(config, log, 'none.json', () => clock.now * 1000)
process.on('message', (now: number) => {
  clock.now = now
})
process.on('SIGTERM', () => void running.stop().then(() => process.exit(0)))
process.send?.(running.ports)
