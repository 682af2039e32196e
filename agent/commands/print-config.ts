import { parseArgs } from 'node:util'
import { readOwnConfig } from '../read-config.ts'

/** For `readConfigApart`: the configuration as JSON, or on stderr what is wrong with it and code 2. */
export async function printConfig(argv: string[]): Promise<number> {
  try {
    const { config } = parseArgs({ args: argv, options: { config: { type: 'string' } } }).values
    process.stdout.write(JSON.stringify(await readOwnConfig(config)))
    return 0
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`)
    return (error as Error).name === 'ConfigError' ? 2 : 1
  }
}
