import { expect, test } from 'vitest'
import { parseCommandLine, parseStatusName, processIds } from './processes.ts'

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
