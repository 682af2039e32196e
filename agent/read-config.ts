import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { getAsset, isSea } from 'node:sea'
import { promisify } from 'node:util'
import { projectRoot } from '#lib/module'
import type { LoadedConfig } from '#lib/config'
import type { AgentConfig } from './config.ts'
import { ownCommand } from './own-command.ts'

/** The agent's own file. An executable has it beside itself. */
export const ownConfigFile = isSea() ? join(projectRoot, 'cfg.json') : join(projectRoot, 'agent', 'cfg.json')

/** Reads and checks the file, or the agent's own cfg.json, or in its absence the shipped example. @throws ConfigError */
export async function readOwnConfig(chosen: string | undefined): Promise<LoadedConfig<AgentConfig>> {
  const [{ loadConfig }, { agentConfig }] = await Promise.all([import('#lib/config'), import('./config.ts')])
  if (chosen !== undefined) return loadConfig(agentConfig, chosen)
  const example = isSea()
    ? { name: 'the built-in example', text: getAsset('cfg.example.json', 'utf8') }
    : join(projectRoot, 'agent', 'cfg.example.json')
  return loadConfig(agentConfig, ownConfigFile, example)
}

/**
 * The same, done by a process of a moment's life: what checks configurations would stay in the memory of an agent for
 * ever, a fifth of all it needs. Rejects with an error named `ConfigError` that says what is wrong with the file.
 */
export async function readConfigApart(chosen: string | undefined): Promise<LoadedConfig<AgentConfig>> {
  const words = ['--print-config', ...(chosen === undefined ? [] : ['--config', chosen])]
  const [program = '', ...args] = [...ownCommand(), ...words]
  try {
    const { stdout } = await promisify(execFile)(program, args, { maxBuffer: 64 * 2 ** 20, windowsHide: true })
    return JSON.parse(stdout) as LoadedConfig<AgentConfig>
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string }
    if (code !== 2 || stderr === undefined) throw error
    const problem = new Error(stderr.trimEnd())
    problem.name = 'ConfigError'
    throw problem
  }
}
