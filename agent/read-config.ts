import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { projectRoot } from '#lib/module'
import type { LoadedConfig } from '#lib/config'
import type { AgentConfig } from './config.ts'

/** Reads and checks the file, or the agent's own cfg.json, or in its absence the shipped example. @throws ConfigError */
export async function readOwnConfig(chosen: string | undefined): Promise<LoadedConfig<AgentConfig>> {
  const [{ loadConfig }, { agentConfig }] = await Promise.all([import('#lib/config'), import('./config.ts')])
  const folder = join(projectRoot, 'agent')
  return chosen === undefined
    ? loadConfig(agentConfig, join(folder, 'cfg.json'), join(folder, 'cfg.example.json'))
    : loadConfig(agentConfig, chosen)
}

/**
 * The same, done by a process of a moment's life: what checks configurations would stay in the memory of an agent for
 * ever, a fifth of all it needs. `command` starts `main`, where `--print-config` is its command.
 * Rejects with an error named `ConfigError` that says what is wrong with the file.
 */
export async function readConfigApart(
  command: readonly string[],
  chosen: string | undefined,
): Promise<LoadedConfig<AgentConfig>> {
  const [program = '', ...args] = [...command, '--print-config', ...(chosen === undefined ? [] : ['--config', chosen])]
  try {
    const { stdout } = await promisify(execFile)(program, args, { maxBuffer: 64 * 2 ** 20 })
    return JSON.parse(stdout) as LoadedConfig<AgentConfig>
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string }
    if (code !== 2 || stderr === undefined) throw error
    const problem = new Error(stderr.trimEnd())
    problem.name = 'ConfigError'
    throw problem
  }
}
