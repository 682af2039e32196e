import type { ArchiveSetting } from './layout.ts'

/** One place that is not as it was written. */
export interface Damage {
  /** Relative to the store's folder. */
  readonly file: string
  readonly where: string
  /** What it costs. */
  readonly lost: string
}

export interface Verification {
  files: number
  blocks: number
  bytes: number
  /** Living series of the list. */
  series: number
  /** Raw points, in the log and in segments. */
  points: number
  /** Archive rows that were compared with what they are made from. */
  compared: number
  readonly damages: Damage[]
  /** What is worth knowing and no damage. */
  readonly notes: string[]
}

export interface VerifyOptions {
  readonly dir: string
  readonly archives: readonly ArchiveSetting[]
  readonly rawRetentionSeconds: number
  /** Whether another process writes meanwhile: then files may go, and the newest blocks may be half there. */
  readonly live: boolean
  /** Compare all rows of archives, not a sample. */
  readonly deep: boolean
  readonly progress: (text: string) => void
}

/** The earliest point in the log of each series number. */
export type LoggedPoints = ReadonlyMap<number, number>

/** A file that a running store has merged or dropped meanwhile. */
export function isVanished(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}
