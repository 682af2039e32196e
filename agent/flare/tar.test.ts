import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { tarGz } from './tar.ts'

test('what is written is what tar unpacks', () => {
  const dir = mkdtempSync(join(tmpdir(), 'tar-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const files = [
    { name: 'empty', data: Buffer.alloc(0) },
    { name: 'folder/block.bin', data: Buffer.alloc(512, 7) },
    { name: `${'n'.repeat(90)}.txt`, data: Buffer.from('多一点\n'.repeat(1000)) },
  ]
  writeFileSync(join(dir, 'x.tar.gz'), tarGz(files, Date.UTC(2026, 0, 1)))
  execFileSync('tar', ['-xzf', 'x.tar.gz'], { cwd: dir })
  for (const { name, data } of files) expect(readFileSync(join(dir, name)).equals(data), name).toBe(true)
  expect(statSync(join(dir, 'empty')).mode & 0o777).toBe(0o600)
  expect(statSync(join(dir, 'empty')).mtimeMs).toBe(Date.UTC(2026, 0, 1))
})

test('a name that does not fit is refused', () => {
  expect(() => tarGz([{ name: 'n'.repeat(100), data: Buffer.alloc(0) }], 0)).toThrow('Cannot archive "nnn')
})
