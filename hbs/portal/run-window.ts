/** Local time of a moment as `HH:MM`, in which run windows are written. */
export function minuteText(moment: Date): string {
  const two = (n: number) => String(n).padStart(2, '0')
  return `${two(moment.getHours())}:${two(moment.getMinutes())}`
}

/**
 * Whether a strategy is active at `now` (`HH:MM`). Both ends belong to the window; texts are compared, so an end of
 * `24:00` is after every minute. Both empty: always. A begin after the end passes over midnight, and an empty text comes
 * before every time.
 */
export function inRunWindow(runBegin: string, runEnd: string, now: string): boolean {
  if (runBegin === '' && runEnd === '') return true
  if (runBegin <= now && runEnd >= now) return true
  return runBegin > runEnd && !(runBegin > now && runEnd < now)
}
