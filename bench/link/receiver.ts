import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { createCounters } from '#lib/counters'
import { listenLink } from '#lib/link'
import { createLogger } from '#lib/log'

/** The peer of bench/link.ts: looks at every sample of either wire once and acknowledges its batch. */
let sum = 0

const link = await listenLink<{ weight: number }>({
  listen: '127.0.0.1:0',
  module: 'bench',
  handler: {
    define: ({ step }) => ({ weight: step }),
    take({ count, slots, timestamps, values }) {
      for (let i = 0; i < count; i++) sum += (slots[i]?.weight ?? 0) + (timestamps[i] ?? 0) + (values[i] ?? 0)
      return { taken: count, refused: 0 }
    },
  },
  log: createLogger('bench', { destination: { write: () => undefined } }),
  counters: createCounters(),
})

const json = createServer({ noDelay: true }, (socket) => {
  let pieces: Buffer[] = []
  socket.on('data', (chunk: Buffer) => {
    let from = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      pieces.push(chunk.subarray(from, end))
      take(Buffer.concat(pieces).toString())
      socket.write('{"ok":true}\n')
      pieces = []
      from = end + 1
    }
    pieces.push(chunk.subarray(from))
  })
})

function take(text: string): void {
  const items = JSON.parse(text) as { step: number; timestamp: number; value: number }[]
  for (const item of items) sum += item.step + item.timestamp + item.value
}

json.listen(0, '127.0.0.1', () => {
  process.send?.({ linkPort: link.port, jsonPort: (json.address() as AddressInfo).port })
})
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.(user + system)
})
process.on('SIGTERM', () => process.exit(Number.isNaN(sum) ? 1 : 0))
