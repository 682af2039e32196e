import { expect, test } from 'vitest'
import { parseListen } from './listen.ts'

test.each([
  [':1988', { host: '', port: 1988 }],
  ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
  ['[::1]:6060', { host: '::1', port: 6060 }],
  ['host-1.example:65535', { host: 'host-1.example', port: 65535 }],
])('%s is an address', (text, address) => {
  expect(parseListen(text)).toEqual(address)
})

test.each(['', '6060', 'host:', 'host:65536', '::1:80', 'a:b', ' :80'])('"%s" is none', (text) => {
  expect(parseListen(text)).toBeUndefined()
})
