import { defineCheck } from './check.ts'

/** `name=<service>`: 1 while it runs, else 0. A unit of systemd may be named without its `.service`. */
export const serviceState = defineCheck<string>({
  name: 'service.state',
  metrics: ['service.state'],
  read(tags) {
    const name = /^\s*name\s*=\s*([^,=\s][^,=]{0,254}?)\s*$/.exec(tags)?.[1]
    return name === undefined || name === ''
      ? { ok: false, reason: `"${tags}" is not name=<service>` }
      : { ok: true, value: name }
  },
  async run(names, { host }) {
    return await Promise.all(
      names.map(async (name) => {
        const runs = await host.serviceRunning(name)
        if (runs === undefined) return { values: {}, reason: 'nothing manages services here' }
        return { values: { 'service.state': runs ? 1 : 0 }, ...(!runs && { reason: 'it does not run' }) }
      }),
    )
  },
})
