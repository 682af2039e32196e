import type { Logger } from '#lib/log'
import { runProgram } from '../run-program.ts'
import type { RunResult } from '../run-program.ts'
import { failure, text } from './answer.ts'
import type { Answer } from './answer.ts'
import type { AgentRequest } from './server.ts'
import { sniffContentType } from './sniff.ts'

const longestCommand = 64 * 1024

export interface CommandLimits {
  readonly seconds: number
  readonly kilobytes: number
}

/**
 * `/run` where the backdoor is open: runs the body as a shell command and answers what it printed. Whoever gets here is
 * trusted; each use is logged with who, what and how it ended.
 */
export async function runCommand(
  request: AgentRequest,
  options: {
    limits: CommandLimits
    cwd: string
    env: Readonly<Record<string, string>>
    signal: AbortSignal
    log: Logger
  },
): Promise<Answer> {
  if (!request.hasBody) return failure(400, 'body is blank')
  const body = await request.body(longestCommand)
  if (!body) return failure(413, `command is longer than ${longestCommand} bytes`)
  const command = body.toString()
  const { limits, cwd, env, signal, log } = options
  log.warn({ address: request.address, command }, '/run: started')
  const result = await runProgram({
    file: 'sh',
    args: ['-c', command],
    cwd,
    env,
    timeoutMs: limits.seconds * 1000,
    maxOutputBytes: limits.kilobytes * 1024,
    signal,
  })
  const { exit, outcome, durationMs } = result
  log.warn({ address: request.address, command, exit, outcome, durationMs }, '/run: ended')
  const problem = problemOf(result, limits)
  if (problem !== undefined) return text(`exec fail: ${problem}`)
  return { status: 200, contentType: sniffContentType(result.stdout), body: result.stdout }
}

/** Why the output is not given, in the words of Go's exec where it has some. */
function problemOf(result: RunResult, limits: CommandLimits): string | undefined {
  switch (result.outcome) {
    case 'exited':
      if (typeof result.exit === 'string') return `signal: ${result.exit}`
      return result.exit === 0 ? undefined : `exit status ${result.exit ?? 'unknown'}`
    case 'timeout':
      return `killed after ${limits.seconds} s`
    case 'too much output':
      return `killed at more than ${limits.kilobytes} KB of output`
    case 'not started':
    case 'over limit':
      return result.reason ?? result.outcome
    case 'stopped':
      return 'the agent stops'
    default:
      throw new Error(`Cannot tell how a command ended: ${String(result.outcome satisfies never)}`)
  }
}
