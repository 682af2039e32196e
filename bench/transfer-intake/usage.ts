/** CPU time since the start, in microseconds, and memory of this process. */
export function usage(): Record<string, number> {
  const { user, system } = process.cpuUsage()
  return { cpuMicros: user + system, residentBytes: process.memoryUsage.rss() }
}

/** Answers the questions that the bench sends to its processes. */
export function answer(answers: Record<string, () => Record<string, number> | Promise<Record<string, number>>>): void {
  process.on('message', (question: string) => {
    void Promise.resolve(answers[question]?.() ?? {}).then((reply) => process.send?.(reply))
  })
}

/** Tells the bench that this process serves. */
export function ready(port: number): void {
  process.send?.({ port })
}
