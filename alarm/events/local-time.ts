const two = (n: number) => String(n).padStart(2, '0')

/** Unix seconds → `YYYY-MM-DD HH:MM:SS` in this machine's time zone, as Open-Falcon shows and stores times. */
export function localTime(unixSeconds: number): string {
  const date = new Date(unixSeconds * 1000)
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}
