import { pino } from 'pino'
import type { DestinationStream, Logger as PinoLogger } from 'pino'
import { createOutput } from './output.ts'

export type Logger = PinoLogger

/** Members whose value must not reach a log, wherever they are in the logged object's first two levels. */
const secrets = ['password', 'passwd', 'token', 'sig', 'dsn', 'database'].flatMap((name) => [name, `*.${name}`])

/**
 * One JSON object a line: a constant message, the facts as fields. `debug` writes the debug level too.
 * Writing is synchronous, so that the last lines before a crash are there.
 */
export function createLogger(
  module: string,
  options: { debug?: boolean; destination?: DestinationStream } = {},
): Logger {
  return pino(
    {
      level: options.debug ? 'debug' : 'info',
      base: { module },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secrets, censor: '***' },
    },
    options.destination ?? createOutput(() => 1),
  )
}
