import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { z } from 'zod'
import { listenText } from './fields.ts'
import { ConfigError, loadConfig } from './load.ts'

const folder = mkdtempSync(join(tmpdir(), 'falcon-config-'))
afterAll(() => rmSync(folder, { recursive: true }))

const schema = z.object({
  minStep: z.int().min(1).default(30),
  http: z.object({ listen: listenText }),
  cluster: z.record(z.string(), z.string()).default({}),
})

function write(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

test('a file is read, defaults fill what it leaves out, and unknown members are named with their path', () => {
  const file = write('good.json', '{"http":{"listen":":6060","color":1},"debgu":true,"cluster":{"any-00":"a:1"}}')
  const loaded = loadConfig(schema, file)
  expect(loaded.value).toEqual({ minStep: 30, http: { listen: ':6060' }, cluster: { 'any-00': 'a:1' } })
  expect(loaded.unknownKeys).toEqual(['http.color', 'debgu'])
})

test('a file that does not exist gives way to the example', () => {
  const example = write('example.json', '{"http":{"listen":"127.0.0.1:6060"}}')
  const loaded = loadConfig(schema, join(folder, 'cfg.json'), example)
  expect(loaded.file).toBe(example)
})

test('all problems are named at once, each with its key and what stood there', () => {
  const file = write('bad.json', '{"minStep":"fast","http":{"listen":"6060"}}')
  expect(() => loadConfig(schema, file)).toThrow(ConfigError)
  expect(() => loadConfig(schema, file)).toThrow(
    /minStep: .*got "fast"\n {2}http\.listen: must be host:port.*got "6060"/,
  )
})

test('text that is not JSON is refused with the name of the file', () => {
  const file = write('text.json', '{minStep: 1}')
  expect(() => loadConfig(schema, file)).toThrow(/Cannot read .*text\.json: it is not valid JSON/)
})

test('neither file nor example: the sentence names the example', () => {
  expect(() => loadConfig(schema, join(folder, 'no.json'), join(folder, 'none.json'))).toThrow(/none\.json/)
})

test('a text that the program carries stands for a file that does not exist, and is named in its stead', () => {
  const example = { name: 'the example', text: '{"http":{"listen":":1"}}' }
  expect(loadConfig(schema, join(folder, 'missing.json'), example)).toMatchObject({
    value: { http: { listen: ':1' } },
    file: 'the example',
  })
  expect(loadConfig(schema, write('present.json', '{"http":{"listen":":2"}}'), example).value.http.listen).toBe(':2')
})
