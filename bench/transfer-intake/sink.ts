import { createCounters } from '#lib/counters'
import { listenLink } from '#lib/link'
import { createLogger } from '#lib/log'
import { answer, ready } from './usage.ts'

/** A peer that acknowledges at once: what it costs transfer to deliver is measured, not what a store costs. */
let samples = 0
const server = await listenLink({
  listen: '127.0.0.1:0',
  module: 'sink',
  handler: {
    define: () => undefined,
    take({ count }) {
      samples += count
      return { taken: count, refused: 0 }
    },
  },
  log: createLogger('sink', { destination: process.stderr }),
  counters: createCounters(),
})
answer({ count: () => ({ samples }) })
ready(server.port)
