export { createLogger } from './logger.ts'
export type { Logger } from './logger.ts'
export { createLogFile } from './log-file.ts'
export type { DestinationStream as LogOutput } from 'pino'
