/**
 * Why a send or call has no result. `closed`: no connection, or it was lost; `timeout`: no answer in time; in both
 * cases the peer may or may not have acted. `answer`: the peer said no; `message` holds its reason.
 */
export type LinkErrorKind = 'closed' | 'timeout' | 'answer'

export class LinkError extends Error {
  override name = 'LinkError'
  readonly kind: LinkErrorKind

  constructor(kind: LinkErrorKind, message: string) {
    super(message)
    this.kind = kind
  }
}
