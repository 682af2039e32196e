import { defineCheck } from './check.ts'

/** `port=<n>`: 1 while TCP listens on the port or UDP is bound to it, on any address; else 0. */
export const portListening = defineCheck<number>({
  name: 'net.port.listen',
  metrics: ['net.port.listen'],
  read(tags) {
    const match = /^\s*port\s*=\s*(\d{1,5})\s*$/.exec(tags)
    const port = Number(match?.[1])
    if (!match || port > 65_535) return { ok: false, reason: `"${tags}" is not port=<number up to 65535>` }
    return { ok: true, value: port }
  },
  async run(ports, { host }) {
    const open = await host.openPorts()
    return ports.map((port) => ({ values: { 'net.port.listen': open.has(port) ? 1 : 0 } }))
  },
})
