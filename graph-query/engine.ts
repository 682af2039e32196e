import type { LinkServer, LinkServerOptions } from '#lib/link'
import type { Reader } from './reader/reader.ts'

/** What keeps the series: it takes samples from the link and answers questions. */
export interface Engine {
  /** All series, those of other nodes included. */
  readonly reader: Reader
  /** Those of this node alone. */
  readonly own: Reader
  /** The name of the node that owns a series; empty when there is only this one. */
  nodeOf(endpoint: string, counter: string): string
  /** Opens the link port on which samples come in. To be closed before the engine. */
  listen(options: Omit<LinkServerOptions<unknown>, 'handler'>): Promise<LinkServer>
  /** What an operator should know although everything runs. */
  notices(): string[]
  close(): Promise<void>
}
