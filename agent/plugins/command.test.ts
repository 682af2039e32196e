import { expect, test } from 'vitest'
import { commandFor } from './command.ts'
import { decodeWith } from './decode.ts'

const onWindows = (file: string, ...args: string[]) => {
  const command = commandFor(file, args, true)
  return command.ok ? [command.value.file, ...command.value.args] : command.reason
}

test('elsewhere than on Windows a file is started as it is', () => {
  expect(commandFor('/p/60_a.bat', ['x'], false)).toEqual({
    ok: true,
    value: { file: '/p/60_a.bat', args: ['x'], verbatim: false, needsInterpreterLine: true },
  })
})

test('on Windows what reads a file follows from the end of its name', () => {
  expect(onWindows(String.raw`C:\p\60_a.exe`, 'a b')).toEqual([String.raw`C:\p\60_a.exe`, 'a b'])
  const [shell, ...words] = onWindows(String.raw`C:\p\60_a.PS1`, '20%', '"') as string[]
  expect(shell).toMatch(/\\System32\\WindowsPowerShell\\v1\.0\\powershell\.exe$/)
  expect(words.join(' ')).toBe(String.raw`-NoProfile -NonInteractive -ExecutionPolicy Bypass -File C:\p\60_a.PS1 20% "`)
  expect(onWindows(String.raw`C:\p\60_a.py`)).toEqual(['python.exe', String.raw`C:\p\60_a.py`])
  expect(onWindows(String.raw`C:\p\60_a.sh`)).toContain('Windows runs')
  // Windows would drop the dot and start the batch file by its own rules.
  expect(onWindows(String.raw`C:\p\60_a.bat.`)).toContain('Windows runs')
})

test('nothing in the arguments of a batch file is a command', () => {
  const line = (...args: string[]) => {
    const command = onWindows(String.raw`C:\p q\60_a.bat`, ...args)
    return typeof command === 'string' ? command : command.at(-1)
  }
  expect(line('one', 'a & calc', '^|<>!')).toBe(String.raw`""C:\p q\60_a.bat" "one" "a & calc" "^|<>!""`)
  expect(line('%PATH%')).toBe(String.raw`""C:\p q\60_a.bat" "%%cd:~,%PATH%%cd:~,%""`)
  for (const bad of ['" & calc', 'a\r\ncalc', 'a\0b']) expect(line(bad)).toContain('cannot be given')
})

test('output that is not UTF-8 is read in the code page of the console', () => {
  expect(decodeWith(Buffer.from('[{"metric":"ключ 键"}]'), 866)).toBe('[{"metric":"ключ 键"}]')
  expect(decodeWith(Buffer.from([0xb4, 0xc5, 0xc5, 0xcc]), 936)).toBe('磁盘')
  expect(decodeWith(Buffer.from([0x8e, 0xa9]), 932)).toBe('自')
  expect(decodeWith(Buffer.from([0xe4, 0x20, 0x88]), 1251)).toBe('д €')
  expect(decodeWith(Buffer.from([0x41, 0x8e]), 437)).toHaveLength(2)
  expect(decodeWith(Buffer.from('\uFEFFa 1', 'utf16le'), 437)).toBe('a 1')
  expect(decodeWith(Buffer.from('\uFEFFa 1'), 437)).toBe('a 1')
})
