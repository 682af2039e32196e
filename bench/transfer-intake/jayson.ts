import jayson from 'jayson'
import type { AddressInfo } from 'node:net'
import { answer, ready, usage } from './usage.ts'

/** The reference: jayson's own TCP server, which parses the call and counts its items. */
let samples = 0
const server = new jayson.Server(
  {
    'Transfer.Update': (params: unknown[][], done: (error: null, result: object) => void) => {
      const items = params[0] ?? []
      samples += items.length
      done(null, { Message: 'ok', Total: items.length, Invalid: 0, Latency: 0 })
    },
  },
  { version: 1 },
).tcp()
server.listen(0, '127.0.0.1', () => {
  answer({ usage, count: () => ({ samples }) })
  ready((server.address() as AddressInfo).port)
})
