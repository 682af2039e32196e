import { expect, test } from 'vitest'
import { parseTags } from '#protocol'
import { hostTags } from './collector.ts'

test('tags are sorted by key', () => {
  expect(hostTags({ mount: '/', fstype: 'ext4' })).toBe('fstype=ext4,mount=/')
})

test('two names that differ stay different, whatever characters they hold', () => {
  const names = ['/a b', '/ab', '/a\tb', '/a,b', '/a\\b', '/a\\040b', '/a"b', "/a'b", '/a>b', '/a\u001ab', '/数 据']
  const arrived = names.map((name) => parseTags(hostTags({ mount: name })).get('mount'))
  expect(new Set(arrived).size).toBe(names.length)
  expect(arrived[0]).toBe('/a\\040b')
  expect(arrived.at(-1)).toBe('/数\\040据')
})

test('an equals sign stays as it is', () => {
  expect(hostTags({ mount: '/a=b' })).toBe('mount=/a=b')
})
