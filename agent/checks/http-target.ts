import type { IpVersion } from '../host/names.ts'

/** One request, and what is a good answer to it. */
export interface HttpTarget {
  readonly url: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly timeoutMs: number
  /** Status codes as `200` or `2xx`. */
  readonly expected: readonly string[]
  /** What the body must hold: a text and an expression; empty for anything. */
  readonly text: string
  readonly match: string
  readonly redirects: number
  /** Whether any certificate will do. */
  readonly insecure: boolean
  readonly version: IpVersion | undefined
}
