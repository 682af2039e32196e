import { openService } from '../service/service.ts'

/** `agent status`. Resolves to the exit code: 0 when the agent runs, else 1. */
export async function showStatus(): Promise<number> {
  return (await showService()) ? 0 : 1
}

/** What the system says of it. */
async function showService(): Promise<boolean> {
  const { running, text } = await (await openService()).state()
  process.stdout.write(`service      ${text}\n`)
  return running
}
