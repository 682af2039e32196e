import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { mergeReload, projectRoot, withoutSecrets } from '#lib/module'
import { hbsConfig, reloadable, trustedAddresses } from './config.ts'

/** A file as falcon-plus ships it. */
const old = {
  debug: true,
  database: 'falcon:p@ss:w/rd@tcp(127.0.0.1:3306)/falcon_portal?loc=Local&parseTime=true',
  hosts: '',
  maxConns: 20,
  maxIdle: 100,
  listen: ':6030',
  trustable: [''],
  http: { enabled: true, listen: '0.0.0.0:6031' },
}

test('an old file is taken as it is, and turns nothing on that it does not name', () => {
  const config = hbsConfig.parse(old)
  expect(config).toMatchObject(old)
  expect(config).toMatchObject({ defaultGroup: '', reloadSeconds: 60 })
  expect(config.applySchema ?? config.seedDefaults).toBeUndefined()
  expect(trustedAddresses(config)).toEqual([])
})

test('the shipped example works and needs no MySQL', () => {
  const example: unknown = JSON.parse(readFileSync(join(projectRoot, 'hbs/cfg.example.json'), 'utf8'))
  expect(hbsConfig.parse(example)).toMatchObject({
    database: 'sqlite:var/falcon.db',
    listen: '0.0.0.0:6030',
    http: { enabled: true, listen: '127.0.0.1:6031' },
    defaultGroup: 'default',
  })
})

test('what cannot work is named with its key', () => {
  const checked = hbsConfig.safeParse({ ...old, listen: 'nowhere', maxConns: 0, reloadSeconds: '60', trustable: 'x' })
  expect(checked.error?.issues.map((issue) => issue.path.join('.')).toSorted()).toEqual([
    'listen',
    'maxConns',
    'reloadSeconds',
    'trustable',
  ])
})

test('trusted addresses may share one text', () => {
  const config = hbsConfig.parse({ ...old, trustable: ['127.0.0.9, 127.0.0.10', '', '10.0.0.1'] })
  expect(trustedAddresses(config)).toEqual(['127.0.0.9', '127.0.0.10', '10.0.0.1'])
})

test('/config shows neither the password of the database nor the token', () => {
  const shown = (members: object) => withoutSecrets(hbsConfig.parse({ ...old, ...members }))
  expect(shown({ token: 'let-me-in' })).toMatchObject({
    token: '***',
    database: 'falcon:***@tcp(127.0.0.1:3306)/falcon_portal?loc=Local&parseTime=true',
  })
  expect(shown({ database: 'root:@tcp(a:1)/b' }).database).toBe('root:@tcp(a:1)/b')
  expect(shown({ database: 'root@tcp(a:1)/b' }).database).toBe('root@tcp(a:1)/b')
  expect(shown({ database: 'sqlite:var/a:b@c.db' }).database).toBe('sqlite:var/a:b@c.db')
})

test('a reload tells what counts at once from what needs a restart', () => {
  const before = hbsConfig.parse(old)
  const after = hbsConfig.parse({ ...old, trustable: ['10.0.0.1'], reloadSeconds: 30, listen: ':7030', hosts: 'cmdb' })
  expect(mergeReload(before, after, reloadable).changes).toEqual({
    applied: ['trustable', 'reloadSeconds'],
    needsRestart: ['hosts', 'listen'],
  })
})
