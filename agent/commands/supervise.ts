import { createLogger } from '#lib/log'
import { projectRoot } from '#lib/module'
import { createSupervisor, serveSupervisor } from '#lib/supervise'
import type { Answer } from '#lib/supervise'
import { parseArgs } from 'node:util'
import { parseListen } from '#lib/address'
import { ownCommand } from '../own-command.ts'
import { readConfigApart } from '../read-config.ts'
import { runDir, supervisorSocket } from '../service/background/service.ts'

/** What `agent start` leaves behind where no system keeps the agent: starts it again when it ends, hangs or is stopped. */
export async function supervise(argv: readonly string[]): Promise<number> {
  process.chdir(projectRoot)
  const options = { config: { type: 'string' } } as const
  const chosen = parseArgs({ args: [...argv], options }).values.config
  const { http } = (await readConfigApart(chosen)).value
  const port = http.enabled ? parseListen(http.listen)?.port : undefined
  const spec = { name: 'agent', argv: [...ownCommand().slice(1), 'run-service', ...argv] }
  const supervisor = createSupervisor({
    specs: [port === undefined || port === 0 ? spec : { ...spec, healthPort: port }],
    cwd: projectRoot,
    runDir,
    logDir: runDir,
    log: createLogger('supervisor'),
  })
  const server = await serveSupervisor(supervisorSocket, async ({ action }, progress): Promise<Answer> => {
    let ok = true
    if (action === 'start' || action === 'stop') {
      const outcome = await supervisor[action]('agent')
      ok = outcome.ok
      progress('agent', ok, outcome.text)
    }
    const statuses = await supervisor.status()
    if (action !== 'status' && supervisor.idle()) leave()
    return { kind: 'end', ok, statuses }
  })
  const leave = () => {
    supervisor.close()
    server.close()
  }
  process.on('SIGTERM', leave)
  return new Promise((resolve) => {
    server.on('close', () => resolve(0))
  })
}
