import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../store/store-under-test.contract.ts'
import { asideFolder, copyFolder, finishPlacing, holdsStore, placeCopy } from './place-copy.ts'

const parts = ['wal', 'step-60', 'step-10', 'series.log', 'last-points', 'archives.json', 'history.json']

function fill(dir: string, content: string): void {
  for (const part of parts) {
    mkdirSync(part.includes('.') || part === 'last-points' ? dir : join(dir, part), { recursive: true })
    const file = part.includes('.') || part === 'last-points' ? part : join(part, 'file')
    writeFileSync(join(dir, file), content)
  }
}

function contentOf(dir: string, part: string): string {
  return readFileSync(join(dir, part.includes('.') || part === 'last-points' ? part : join(part, 'file')), 'utf8')
}

test('a copy takes the place of the store, wherever a death breaks it off, and the store goes aside whole', async () => {
  // Every moment of it: `aside` parts of the old store have gone, then `inside` parts of the new one have come.
  for (let aside = 0; aside <= parts.length; aside++)
    for (const inside of aside === parts.length ? parts.map((_, i) => i) : [0]) {
      const dir = temporaryFolder()
      fill(dir, 'old')
      fill(copyFolder(dir), 'new')
      writeFileSync(join(dir, 'ledger'), 'stays')
      writeFileSync(join(copyFolder(dir), inside === 0 ? 'whole' : 'cleared'), '')
      if (aside > 0) mkdirSync(asideFolder(dir))
      for (const part of parts.slice(0, aside)) renameSync(join(dir, part), join(asideFolder(dir), part))
      for (const part of parts.slice(0, inside)) renameSync(join(copyFolder(dir), part), join(dir, part))

      await finishPlacing(dir)
      for (const part of parts) {
        expect(contentOf(dir, part)).toBe('new')
        expect(contentOf(asideFolder(dir), part)).toBe('old')
      }
      expect(existsSync(copyFolder(dir))).toBe(false)
      expect(readFileSync(join(dir, 'ledger'), 'utf8')).toBe('stays')
    }
})

test('half a copy is never placed, and a folder with other things in it holds no store', async () => {
  const dir = temporaryFolder()
  mkdirSync(join(dir, 'ledger'))
  writeFileSync(join(dir, 'history.json'), '{}')
  fill(copyFolder(dir), 'new')
  await finishPlacing(dir)
  expect(holdsStore(dir)).toBe(false)
  expect(existsSync(join(dir, 'wal'))).toBe(false)
  await placeCopy(dir)
  expect(holdsStore(dir)).toBe(true)
  // Only the mark was there before.
  expect(readFileSync(join(asideFolder(dir), 'history.json'), 'utf8')).toBe('{}')
})
