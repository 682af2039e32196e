import { isUtf8 } from 'node:buffer'

/**
 * Bytes as text. Where they are not UTF-8, each byte that is part of no character becomes one U+FFFD, as in Go;
 * the platform's decoder would make one of several.
 */
export function textOfUtf8(bytes: Buffer): string {
  const text = bytes.toString('utf8')
  return !text.includes('\ufffd') || isUtf8(bytes) ? text : textOfBrokenUtf8(bytes)
}

function textOfBrokenUtf8(bytes: Buffer): string {
  const parts: string[] = []
  let validFrom = 0
  let i = 0
  while (i < bytes.length) {
    const length = lengthOfCharacter(bytes, i)
    if (length > 0) {
      i += length
      continue
    }
    parts.push(bytes.toString('utf8', validFrom, i), '\ufffd')
    i++
    validFrom = i
  }
  parts.push(bytes.toString('utf8', validFrom))
  return parts.join('')
}

/** Bytes of the character that begins at `at`; 0 when none does. */
function lengthOfCharacter(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0
  const length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0
  if (length < 2) return length
  const second = bytes[at + 1] ?? 0
  // The second byte's range keeps out overlong forms, surrogates and what is beyond U+10FFFF.
  const lowest = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80
  const highest = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf
  if (second < lowest || second > highest) return 0
  for (let i = 2; i < length; i++) if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) return 0
  return length
}
