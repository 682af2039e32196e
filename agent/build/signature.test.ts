import { expect, test } from 'vitest'
import { withoutSignature } from './signature.ts'

/** The least that a Windows executable has: a header at 128, and a certificate of 16 bytes at its end. */
function executable(): Buffer {
  const file = Buffer.alloc(512 + 16, 1)
  file.write('MZ')
  file.writeUInt32LE(128, 0x3c)
  file.writeUInt32LE(512, 128 + 24 + 112 + 32)
  file.writeUInt32LE(16, 128 + 24 + 112 + 36)
  return file
}

test('the signature at the end of a Windows executable goes, with what points at it', () => {
  const stripped = withoutSignature(executable())
  expect(stripped.length).toBe(512)
  expect(stripped.readBigUInt64LE(128 + 24 + 112 + 32)).toBe(0n)
  expect(withoutSignature(stripped)).toBe(stripped)
})

test('one that is not at the end is not guessed at, and other files stay as they are', () => {
  expect(() => withoutSignature(Buffer.concat([executable(), Buffer.alloc(1)]))).toThrow(/Cannot take the signature/)
  const elf = Buffer.from('\u007FELF, and so on')
  expect(withoutSignature(elf)).toBe(elf)
})
