import type { IncomingHttpHeaders } from 'node:http'
import { readFirstJson, readMetricValues, textOfUtf8 } from '#protocol'
import type { ReceivedItem } from '#protocol'

/** The items of a push, or Open-Falcon's text for why there are none. `malformed` is set when the call is to be counted. */
export type PushedItems =
  | { ok: true; items: (ReceivedItem | null)[] }
  | { ok: false; answer: string; malformed?: string; shown?: string; items?: number }

const shownLength = 256

/** Reads the body of `/api/push`: the first JSON value in it, whatever method and content type it came with. */
export function pushedItems(headers: IncomingHttpHeaders, received: unknown): PushedItems {
  const bytes = Buffer.isBuffer(received) ? received : Buffer.alloc(0)
  // Falcon: only a declared length of zero is blank; an empty chunked body is one that cannot be decoded.
  if (bytes.length === 0 && headers['transfer-encoding'] === undefined) return { ok: false, answer: 'blank body' }
  const text = textOfUtf8(bytes)
  const shown = text.slice(0, shownLength)
  const first = readFirstJson(text)
  if (!first) return { ok: false, answer: 'decode error', malformed: 'not JSON', shown }
  const read = readMetricValues({ value: first.value, source: first.text, text: () => first.text })
  if (read.ok) return { ok: true, items: read.value }
  const items = Array.isArray(first.value) ? first.value.length : 0
  return { ok: false, answer: 'decode error', malformed: read.reason, shown, items }
}
