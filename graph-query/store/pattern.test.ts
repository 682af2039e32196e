import { expect, test } from 'vitest'
import { readPattern } from './pattern.ts'

function fits(text: string, names: readonly string[], negation = false): string[] {
  const pattern = readPattern(text, { negation })
  if (!pattern.ok) throw new Error(pattern.reason)
  return names.filter(pattern.value)
}

const names = ['cpu.idle', 'cpu.busy', 'CPU.user', 'cpuXidle', 'net.in/iface=eth0', 'df.bytes/mount=/(root)']

test('all terms must be found, case does not matter, a dot is any character unless it is escaped', () => {
  expect(fits('', names)).toEqual(names)
  expect(fits('.+', names)).toEqual(names)
  expect(fits('cpu', names)).toEqual(names.slice(0, 4))
  expect(fits('cpu idle', names)).toEqual(['cpu.idle', 'cpuXidle'])
  expect(fits('cpu.idle', names)).toEqual(['cpu.idle', 'cpuXidle'])
  expect(fits('cpu\\.idle', names)).toEqual(['cpu.idle'])
  expect(fits('^cpu.*(y|r)$', names)).toEqual(['cpu.busy', 'CPU.user'])
  expect(fits('[[:digit:]]$', names)).toEqual(['net.in/iface=eth0'])
  expect(fits('  cpu   user ', names)).toEqual(['CPU.user'])
  expect(fits('\\(root\\)', names)).toEqual(['df.bytes/mount=/(root)'])
})

test('a leading exclamation mark negates, where that is wanted', () => {
  expect(fits('cpu !idle$', names, true)).toEqual(['cpu.busy', 'CPU.user'])
  expect(fits('!cpu', names, true)).toEqual(names.slice(4))
  expect(fits('!cpu', names)).toEqual([])
})

test('what is no expression, or too much of one, is refused with its reason', () => {
  const reason = (text: string) => {
    const pattern = readPattern(text, { negation: true })
    return pattern.ok ? '' : pattern.reason
  }
  expect(reason('a(')).toMatch(/"a\(" is not valid: .*missing closing/)
  expect(reason('a{2000}')).toMatch(/not valid/)
  expect(reason('(?=x)')).toMatch(/not valid/)
  expect(reason('x'.repeat(1001))).toMatch(/1001 characters, at most 1000/)
  expect(reason('[a-z]{900}[a-z]{900}[a-z]{900}[a-z]{900}[a-z]{900}[a-z]{900}')).toMatch(/too complex/)
})

test('an expression that makes backtracking engines hang takes no time', () => {
  const name = `${'a'.repeat(5000)}b`
  expect(fits('(a*)*$ (a|aa)+$ (.*,){12}P', [name])).toEqual([])
})
