import type { LinkAck, SampleColumns } from '#lib/link'
import { createAvailability } from './availability.ts'
import { createLineBuffer } from './line-buffer.ts'
import type { LineBuffer } from './line-buffer.ts'
import { createRefusals } from './refusals.ts'
import type { SinkContext, SinkLimits, SinkPeer } from './sink.ts'
import { createSinkPeer } from './sink-peer.ts'
import { tsdbLine } from './tsdb-line.ts'
import { openTelnetTurn } from './tsdb-turn.ts'
import type { TelnetTurn } from './tsdb-turn.ts'

export interface TsdbOptions extends SinkContext, SinkLimits {
  readonly host: string
  readonly port: number
  /** How long one connection takes lines before it is ended to learn what became of them. */
  readonly confirmAfterMs: number
}

/** So much waits for one confirmation at most, about. */
const turnBytes = 8 * 2 ** 20

/**
 * OpenTSDB by its telnet `put` lines. They are never acknowledged, so connections take turns: one takes lines for a
 * moment, then it is ended by us, and the next one takes over. A peer that has read all up to the end closes its side
 * too: only then are the lines delivered, those excepted that it complained of. When the connection breaks before that,
 * all its lines are sent again.
 */
export function createTsdbPeer(options: TsdbOptions): SinkPeer {
  const { host, port, confirmAfterMs } = options
  const availability = createAvailability()
  const refusals = createRefusals(options)
  const lines = createLineBuffer()
  const open = new Set<TelnetTurn>()
  let current: TelnetTurn | undefined
  let due = false

  function begin(): TelnetTurn {
    due = false
    const turn = openTelnetTurn({ ...options, host, port })
    open.add(turn)
    const timer = setTimeout(() => {
      due = true
      turnOver()
    }, confirmAfterMs)
    void follow(turn, timer)
    return turn
  }

  async function follow(turn: TelnetTurn, timer: NodeJS.Timeout): Promise<void> {
    const failure = await turn.ended
    clearTimeout(timer)
    open.delete(turn)
    if (current === turn) current = undefined
    if (failure) availability.failed(failure)
    else availability.worked()
    if (due) turnOver()
  }

  /** Ends the current connection, unless so many others are still unconfirmed that it must go on taking lines. */
  function turnOver(): void {
    if (current === undefined || open.size > Math.max(1, options.maxConns - 1)) return
    current.end()
    current = undefined
  }

  return createSinkPeer({
    availability,
    refusals,
    async send(columns) {
      const count = addLines(lines, columns)
      const text = lines.take()
      const unfit = columns.count - count
      let ack: LinkAck = { taken: 0, refused: 0 }
      if (count > 0) {
        const turn = (current ??= begin())
        const answered = turn.write(text, count)
        if (turn.bytes >= turnBytes) turnOver()
        const { refused, complaint } = await answered
        refusals.count('peer', refused, complaint)
        ack = { taken: count - refused, refused }
      }
      refusals.count('unfit', unfit, 'the value is NaN or infinite')
      return { taken: ack.taken, refused: ack.refused + unfit }
    },
    close() {
      for (const turn of open) turn.destroy()
    },
  })
}

/** Returns how many samples have become lines. */
function addLines(lines: LineBuffer, { count, series, timestamps, values }: SampleColumns): number {
  let added = 0
  for (let i = 0; i < count; i++) {
    const one = series[i]
    const line = one && tsdbLine(one, values[i] ?? Number.NaN, timestamps[i] ?? 0)
    if (line === undefined) continue
    lines.add(line)
    added++
  }
  return added
}
