import { readdirSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { projectRoot } from '#lib/module'
import { cruiseImports } from './cruise.ts'

const folders = ['protocol', 'lib', 'agent', 'transfer', 'hbs', 'judge', 'graph-query', 'alarm']

test('every import keeps the rules, and every source file was looked at', async () => {
  const { files, broken } = await cruiseImports(projectRoot, [...folders, 'control.ts'])
  const onDisk = folders.flatMap((folder) =>
    readdirSync(join(projectRoot, folder), { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    ),
  )
  expect(broken).toEqual([])
  // A parser that fails to read TypeScript sees next to nothing and finds no fault in it.
  expect(files.length).toBeGreaterThan(onDisk.length)
  expect(onDisk.length).toBeGreaterThan(100)
})

/** Files that break one rule each; the text is all that matters. */
const offences: Record<string, Record<string, string>> = {
  'modules-meet-on-the-network': { 'agent/a.ts': "import '../judge/b.ts'", 'judge/b.ts': '' },
  'lib-knows-no-module': { 'lib/x/index.ts': "import '../../hbs/b.ts'", 'hbs/b.ts': '' },
  'protocol-knows-nothing': { 'protocol/index.ts': "import '../lib/x/index.ts'", 'lib/x/index.ts': '' },
  'through-the-face': { 'lib/x/index.ts': "import '../y/inside.ts'", 'lib/y/inside.ts': '' },
  'through-the-face-from-outside': { 'agent/a.ts': "import '../lib/y/inside.ts'", 'lib/y/inside.ts': '' },
  'no-product-code-uses-tests': { 'agent/a.ts': "import '../test/b.ts'", 'test/b.ts': '' },
  'no-product-code-uses-fixtures': { 'agent/a.ts': "import './fixture-b.ts'", 'agent/fixture-b.ts': '' },
  'dispatch-is-loaded-late': { 'lib/rpc/a.ts': "import './dispatch.ts'", 'lib/rpc/dispatch.ts': '' },
  resolvable: { 'agent/a.ts': "import './nowhere.ts'" },
  'no-cycles': {
    'agent/a.ts': "import { b } from './b.ts'\nexport const a = b",
    'agent/b.ts': "import { a } from './a.ts'\nexport const b = a",
  },
}

test.each(Object.entries(offences))('the rule %s is enforced', async (rule, files) => {
  const root = await mkdtemp(join(tmpdir(), 'falcon-architecture-'))
  try {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, name)), { recursive: true })
      await writeFile(join(root, name), `${text}\nexport {}\n`)
    }
    const tops = [...new Set(Object.keys(files).map((name) => name.split('/')[0] ?? ''))]
    const { broken } = await cruiseImports(root, tops)
    expect(broken.map((one) => one.split(':')[0])).toContain(rule)
  } finally {
    await rm(root, { recursive: true, force: true })
  }
})
