import { expect, test } from 'vitest'
import { createEcho } from './echo.ts'

/** An echo that is over at the third look. */
function calls(milliseconds: number | undefined) {
  let looks = 0
  let closed = 0
  const echo = { isOver: () => ++looks > 2, milliseconds: () => milliseconds, close: () => void closed++ }
  return { sendEcho: () => echo, closed: () => closed }
}

test.each([
  [12, 12],
  [0, 0.5],
  [undefined, undefined],
])('what Windows says (%s) is told once it is over, and what it took is given back', async (told, expected) => {
  const fixture = calls(told)
  expect(await createEcho(fixture)('10.0.0.1', 1000)).toBe(expected)
  expect(fixture.closed()).toBe(1)
})

test('what cannot be sent is a rejection', async () => {
  const sendEcho = () => {
    throw new Error('no route')
  }
  await expect(createEcho({ sendEcho })('10.0.0.1', 1000)).rejects.toThrow('no route')
})
