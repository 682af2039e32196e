import { join } from 'node:path'
import { createLogFile } from '#lib/log'
import { projectRoot } from '#lib/module'
import { openKeeper } from '../service/open-keeper.ts'
import { run } from './run.ts'

/** The log as a service: a hundred megabytes at most, all files together. */
const maxBytes = 20 * 2 ** 20
const keep = 4

/** The agent as whoever keeps it starts it: its log is a file of its own, and it gives signs of life. */
export async function runService(argv: readonly string[]): Promise<void> {
  const output = createLogFile(join(projectRoot, 'logs', 'agent.log'), { maxBytes, keep })
  try {
    const keeper = await openKeeper(output)
    await run(argv, { output, onStarted: () => keeper.started() })
  } catch (error) {
    const sentence = `agent: ${(error as Error).message}\n`
    output.write(sentence)
    process.stderr.write(sentence)
    process.exit(1)
  }
}
