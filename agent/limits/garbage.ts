import { Session } from 'node:inspector'

/** Collects all garbage now and gives its memory back to the system, which V8 by itself would put off: it does not know of our limit. */
export function collectGarbage(): void {
  const session = new Session()
  session.connect()
  // Done when this returns: the session is in this very thread. To V8 it is a notice that memory is low.
  session.post('HeapProfiler.collectGarbage')
  session.disconnect()
}
