import { statfsSync } from 'node:fs'

/** The line in which the module said why it left: the last plain one, else the message of the last log object. */
export function plainSentence(lines: readonly string[], name: string): string | undefined {
  const plain = lines.filter((line) => !line.startsWith('{') && line.startsWith(`${name}:`))
  if (plain.length > 0) {
    const from = lines.indexOf(plain.at(-1) ?? '')
    return lines
      .slice(from)
      .join('\n')
      .slice(name.length + 1)
      .trim()
  }
  return lines.at(-1)
}

const littleSpaceBytes = 2 ** 20

/** A module that could not write its log cannot have said why it left; then that is the reason. */
export function whyUnsaid(logDir: string): string {
  const { bavail, bsize } = statfsSync(logDir)
  const free = bavail * bsize
  return free < littleSpaceBytes
    ? `left, and its log could not be written: the disk is full (${Math.round(free / 1024)} KB left)`
    : 'left without saying why'
}
