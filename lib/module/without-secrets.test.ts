import { expect, test } from 'vitest'
import { withoutSecrets } from './without-secrets.ts'

test('what its name calls a secret is masked at any depth, an empty one is shown as empty', () => {
  const config = {
    token: 'a',
    list: [{ password: 'b' }],
    influxdb: { Passwd: 'c', username: 'd' },
    other: { token: '' },
  }
  expect(withoutSecrets(config)).toEqual({
    token: '***',
    list: [{ password: '***' }],
    influxdb: { Passwd: '***', username: 'd' },
    other: { token: '' },
  })
})

test.each([
  ['falcon:s3c:r@t/x@tcp(db:3306)/falcon_portal?loc=Local', 'falcon:***@tcp(db:3306)/falcon_portal?loc=Local'],
  ['redis://user:s3cret@host:6379/1', 'redis://user:***@host:6379/1'],
  ['rediss://:s3cret@host:6379', 'rediss://:***@host:6379'],
  ['root:@tcp(a:1)/b', 'root:@tcp(a:1)/b'],
  ['root@tcp(a:1)/b', 'root@tcp(a:1)/b'],
  ['sqlite:var/a:b@c.db', 'sqlite:var/a:b@c.db'],
  ['http://127.0.0.1:8086', 'http://127.0.0.1:8086'],
  ['a:6070, b:6070', 'a:6070, b:6070'],
])('%s is shown as %s', (text, shown) => {
  expect(withoutSecrets({ dsn: text })).toEqual({ dsn: shown })
})
