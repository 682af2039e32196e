/** How many messages a receiver may get, and who has had how many. Of this process alone. */
export interface ReceiverPace {
  /** 0: now, and it is counted; else the milliseconds after which there is room again. */
  waitOf(receiver: string): number
}

/** At most `messages` in any `seconds`. `now` is in milliseconds. */
export function createReceiverPace(limit: { messages: number; seconds: number }, now: () => number): ReceiverPace {
  const { messages, seconds } = limit
  const sent = new Map<string, number[]>()
  let forgetAt = now()

  /** Receivers that have had nothing for a whole period are as good as new. */
  function forget(): void {
    if (now() < forgetAt) return
    for (const [receiver, times] of sent) if ((times.at(-1) ?? 0) <= now() - seconds * 1000) sent.delete(receiver)
    forgetAt = now() + seconds * 1000
  }

  return {
    waitOf(receiver) {
      forget()
      const since = now() - seconds * 1000
      const times = (sent.get(receiver) ?? []).filter((time) => time > since)
      const oldest = times[0]
      if (times.length >= messages && oldest !== undefined) return oldest + seconds * 1000 - now()
      sent.set(receiver, [...times, now()])
      return 0
    },
  }
}
