import { expect, test } from 'vitest'
import { createSameName } from './same-name.ts'

const minute = 60_000

/** Reports a minute apart, by who sends them: each letter is an agent with an address of its own. */
function after(reports: string) {
  const [first = 'a', ...rest] = reports
  const reporter = (letter: string) => ({ instance: letter, isOurs: true, address: `10.0.0.${letter}` })
  const name = createSameName(reporter(first), 0)
  rest.forEach((letter, i) => name.saw(reporter(letter), (i + 1) * minute))
  return (instance?: string, laterMs = 0) => name.others(instance, rest.length * minute + laterMs)
}

test('two that take turns live both, and each hears of the other', () => {
  const others = after('abab')
  expect(others('a')).toEqual(['10.0.0.b'])
  expect(others('b')).toEqual(['10.0.0.a'])
  expect(others()).toEqual(['10.0.0.a', '10.0.0.b'])
})

test('an agent that is started again, even over and over, is one', () => {
  expect(after('aabb')()).toEqual([])
  expect(after('aabbccddeeffgghhii')()).toEqual([])
})

test('one report that was late means nothing', () => {
  expect(after('aaba')()).toEqual([])
})

test('three are told apart too', () => {
  expect(after('abcabc')('a')).toEqual(['10.0.0.b', '10.0.0.c'])
})

test('when one has ended, the other is alone again', () => {
  expect(after('abab')('a', 11 * minute)).toEqual([])
  expect(after(`abab${'a'.repeat(9)}`)('a')).toEqual(['10.0.0.b'])
  expect(after(`abab${'a'.repeat(12)}`)('a')).toEqual([])
  // And may be started again without being taken for two.
  expect(after(`abab${'a'.repeat(12)}cc`)()).toEqual([])
})

test('names that many invent cost little', () => {
  const name = createSameName({ instance: '0', isOurs: true, address: 'x' }, 0)
  for (let i = 0; i < 10_000; i++) name.saw({ instance: String(i % 5000), isOurs: true, address: 'x' }, i)
  expect(name.others(undefined, 10_000).length).toBeLessThanOrEqual(8)
})

test('the first reports of an agent, which do not say who it is, are no further agent', () => {
  const plain = { instance: 'at x', isOurs: false, address: 'x' }
  const ours = (instance: string) => ({ instance, isOurs: true, address: 'x' })
  const name = createSameName(ours('a'), 0)
  for (const reporter of [plain, ours('a'), plain, ours('b'), ours('a'), ours('b')]) name.saw(reporter, minute)
  expect(name.others('a', minute)).toEqual(['x'])
  expect(name.others(undefined, minute)).toEqual(['x'])
})
