import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { readOwnConfig } from '../read-config.ts'
import { openService } from '../service/open-service.ts'
import type { Outcome, Service } from '../service/service.ts'

export type ServiceAction = 'install' | 'uninstall' | 'start' | 'stop' | 'restart'

/**
 * `agent install|uninstall|start|stop|restart [--config FILE]`. Resolves to the exit code: 0 when it is as asked for, also
 * when it was before; 1 when the system refuses; 2 for bad arguments or a configuration the agent could not use.
 */
export async function orderService(action: ServiceAction, argv: readonly string[]): Promise<number> {
  let config
  try {
    const options = { config: { type: 'string', short: 'c' } } as const
    const chosen = parseArgs({ args: [...argv], options }).values.config
    const file = chosen === undefined ? undefined : resolve(chosen)
    config = { file, value: (await readOwnConfig(file)).value }
  } catch (error) {
    const usage = (error as Error).name === 'ConfigError' ? '' : `. Usage: agent ${action} [--config FILE]`
    process.stderr.write(`agent: ${(error as Error).message}${usage}\n`)
    return 2
  }
  const args = config.file === undefined ? [] : ['--config', config.file]
  const { ok, text } = await orders[action](await openService(), args, config.value.limits)
  ;(ok ? process.stdout : process.stderr).write(`${ok ? ' ok ' : 'FAIL'}  agent        ${text}\n`)
  return ok ? 0 : 1
}

const orders: Record<
  ServiceAction,
  (service: Service, args: readonly string[], limits: Parameters<Service['install']>[1]) => Promise<Outcome>
> = {
  install: (service, args, limits) => service.install(args, limits),
  uninstall: (service) => service.uninstall(),
  start: (service, args) => service.start(args),
  stop: (service) => service.stop(),
  async restart(service, args) {
    const stopped = await service.stop()
    return stopped.ok ? service.start(args) : stopped
  },
}
