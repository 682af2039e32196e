import { parseArgs } from 'node:util'
import type { LoadedConfig } from '#lib/config'
import type { AgentConfig } from '../config.ts'
import { readOwnConfig } from '../read-config.ts'

/** What a command was called with. */
export interface CommandLine {
  readonly loaded: LoadedConfig<AgentConfig>
  readonly words: readonly string[]
}

/**
 * Reads `[WORDS] [--config FILE]` and the configuration they name. Undefined, and said on stderr, when that cannot be
 * done; the exit code is then 2.
 */
export async function readCommandLine(
  argv: readonly string[],
  usage: string,
  mostWords: number,
): Promise<CommandLine | undefined> {
  try {
    const options = { config: { type: 'string', short: 'c' } } as const
    const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals: true })
    if (positionals.length > mostWords) throw new Error(`Cannot take "${positionals.slice(mostWords).join(' ')}"`)
    return { loaded: await readOwnConfig(values.config), words: positionals }
  } catch (error) {
    const hint = (error as Error).name === 'ConfigError' ? '' : `. Usage: ${usage}`
    process.stderr.write(`agent: ${(error as Error).message}${hint}\n`)
    return undefined
  }
}
