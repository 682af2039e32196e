import { expect, test } from 'vitest'
import { parseCommandLine, parseProcessUse, parseStatusName, processIds } from './processes.ts'

test('the name is what stands in the first line, blanks inside included', () => {
  expect(parseStatusName('Name:\ttmux: server\nUmask:\t0022\n')).toBe('tmux: server')
  expect(() => parseStatusName('Umask:\t0022\n')).toThrow('does not start with "Name:"')
})

test('arguments are joined without anything between them', () => {
  expect(parseCommandLine('java\0-jar\0/srv/app.jar\0')).toBe('java-jar/srv/app.jar')
  expect(parseCommandLine('')).toBe('')
})

test('process ids are the names that begin with a digit', () => {
  expect(processIds(['1', 'self', '4194304', 'acpi', '.', 'thread-self'])).toEqual([1, 4194304])
})

test('what a process takes is read whatever its name, and a kernel thread has no memory', () => {
  const stat = (name: string) =>
    `901 (${name}) S 1 901 901 0 -1 4194560 9 0 0 0 250 75 9 9 20 0 41 0 12345 9 383 18446744073709551615 1 1 0`
  expect(parseProcessUse(stat('java'), 'Name:\tjava\nVmHWM:\t 9 kB\nVmRSS:\t    2048 kB\nThreads:\t41\n')).toEqual({
    cpuSeconds: 3.25,
    threads: 41,
    started: 12345,
    residentBytes: 2_097_152,
  })
  expect(parseProcessUse(stat('a) S (b'), 'Name:\ta) S (b\n')).toMatchObject({ cpuSeconds: 3.25, residentBytes: 0 })
  expect(() => parseProcessUse('901 (java) S 1', '')).toThrow('column 14 of /proc/<pid>/stat')
})
