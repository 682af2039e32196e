import type { TransferConfig } from '../config.ts'
import type { LaneFaces } from './faces.ts'

/** What a lane's process is told. A `connection` comes with its socket. */
export type ToLane =
  | { readonly kind: 'open'; readonly number: number; readonly config: TransferConfig; readonly spoolDir: string }
  | { readonly kind: 'connection'; readonly address: string }
  | { readonly kind: 'ask'; readonly id: number; readonly face: keyof LaneFaces; readonly args: readonly unknown[] }
  | { readonly kind: 'close' }

/** What it says. */
export type FromLane =
  | { readonly kind: 'ready' }
  /** A connection that it was given, from this address, is gone. */
  | { readonly kind: 'closed'; readonly address: string }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'refused'; readonly id: number; readonly reason: string }
