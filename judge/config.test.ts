import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadConfig } from '#lib/config'
import { mergeReload, projectRoot, withoutSecrets } from '#lib/module'
import { judgeConfig, reloadable, usesRedis } from './config.ts'

test("falcon-plus' file is taken as it is", () => {
  const old = {
    debug: true,
    debugHost: 'nil',
    remain: 11,
    http: { enabled: true, listen: '0.0.0.0:6081' },
    rpc: { enabled: true, listen: '0.0.0.0:6080' },
    hbs: { servers: ['10.0.0.1:6030'], timeout: 300, interval: 60 },
    alarm: {
      enabled: true,
      minInterval: 300,
      queuePattern: 'event:p%v',
      redis: { dsn: '10.0.0.1:6379', maxIdle: 5, connTimeout: 5000, readTimeout: 5000, writeTimeout: 5000 },
    },
  }
  const config = judgeConfig.parse(old)
  expect(config).toMatchObject(old)
  expect(usesRedis(config)).toBe(true)
})

test('the shipped example is good, needs no Redis and listens on loopback', () => {
  const { value, unknownKeys } = loadConfig(judgeConfig, join(projectRoot, 'judge/cfg.example.json'))
  expect(unknownKeys).toEqual([])
  expect(usesRedis(value)).toBe(false)
  expect([value.rpc.listen, value.http.listen]).toEqual(['127.0.0.1:6080', '127.0.0.1:6081'])
})

test('bad values are refused by name', () => {
  const problems = judgeConfig.safeParse({ remain: 20, historyLimit: 10, alarm: { queuePattern: 'event' } })
  expect(problems.error?.issues.map(({ path }) => path.join('.'))).toContain('alarm.queuePattern')
  expect(judgeConfig.safeParse({ remain: 20, historyLimit: 10 }).error?.issues[0]?.message).toContain('below remain')
})

test('secrets are masked wherever a DSN or a key may hold them', () => {
  const config = judgeConfig.parse({
    token: 'secret1',
    alarm: {
      database: 'falcon:secret2@tcp(db:3306)/falcon_portal',
      redis: { dsn: 'redis://user:secret3@host:6379/1', password: 'secret4' },
    },
  })
  expect(JSON.stringify(withoutSecrets(config))).not.toContain('secret')
  expect(JSON.stringify(withoutSecrets(config))).toContain('tcp(db:3306)')
})

test('a reload takes over what counts at once and names what waits for a restart', () => {
  const before = judgeConfig.parse({})
  const { config, changes } = mergeReload(
    before,
    judgeConfig.parse({ remain: 20, alarm: { minInterval: 60 } }),
    reloadable,
  )
  expect(changes).toEqual({ applied: ['alarm.minInterval'], needsRestart: ['remain'] })
  expect([config.remain, config.alarm.minInterval]).toEqual([11, 60])
})
