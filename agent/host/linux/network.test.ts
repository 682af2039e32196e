import { expect, test } from 'vitest'
import { parseNetDev, parseSpeed } from './network.ts'

const heading = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
`
const numbers = '1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16'

test('sixteen columns, eight each way', () => {
  expect(parseNetDev(`${heading}  eth0: ${numbers}\n`, () => true)).toEqual([
    {
      name: 'eth0',
      in: { bytes: 1, packets: 2, errors: 3, dropped: 4, fifoErrors: 5, frameErrors: 6, compressed: 7, multicast: 8 },
      out: {
        bytes: 9,
        packets: 10,
        errors: 11,
        dropped: 12,
        fifoErrors: 13,
        collisions: 14,
        carrierErrors: 15,
        compressed: 16,
      },
    },
  ])
})

test('old kernels put large numbers right behind the colon, and an alias has a colon in its name', () => {
  const found = parseNetDev(
    `${heading}  eth0:123456789 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\neth0:1: ${numbers}\n`,
    () => true,
  )
  expect(found.map((it) => [it.name, it.in.bytes])).toEqual([
    ['eth0', 123456789],
    ['eth0:1', 1],
  ])
})

test('only interfaces that are wanted are read', () => {
  const text = `${heading}    lo: ${numbers}\n  eth0: ${numbers}\n  ens3: ${numbers}\n veth1: ${numbers}\n`
  expect(parseNetDev(text, (name) => /^(eth|en)/.test(name)).map((it) => it.name)).toEqual(['eth0', 'ens3'])
})

test('a line of another shape is refused, not misread, unless nobody wants it', () => {
  expect(() => parseNetDev(`${heading}  eth0: 1 2 3\n`, () => true)).toThrow('"eth0" has 3 columns instead of 16')
  expect(parseNetDev(`${heading}  eth0: 1 2 3\n`, (name) => name.startsWith('en'))).toEqual([])
})

test.each([
  ['10000\n', 10000],
  ['-1\n', -1],
  ['\n', undefined],
  ['unknown\n', undefined],
])('the speed %j is %j', (text, speed) => expect(parseSpeed(text)).toBe(speed))
