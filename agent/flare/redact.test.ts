import { expect, test } from 'vitest'
import { createRedactor, secretsOfPlugins } from './redact.ts'

const redact = createRedactor([])

test.each([
  'http://bob:hunter2@example.com/x',
  'https://bob:p@ss:hunter2@example.com/x',
  'url=bob:hunter2@example.com',
  'root:hunter2@tcp(127.0.0.1:3306)/falcon',
  'password=hunter2',
  'db_password: "my hunter2"',
  '{"Password":"hunter2"}',
  String.raw`{"msg":"{\"password\":\"hunter2\"}"}`,
  '{"accessKey":"hunter2"}',
  '?a=b&token=hunter2&c=d',
  'Authorization: Bearer hunter2',
  'authorization: hunter2',
  'mysql -uroot -phunter2 -h db',
  'tool --password hunter2 --verbose',
  'tool --token=hunter2',
  '{"plugin":"a.sh","args":"root,hunter2"}',
  '-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----',
  '-----BEGIN PRIVATE KEY-----\nhunter2 and then the log ends',
])('%s', (text) => {
  expect(redact(text)).not.toContain('hunter2')
  expect(redact(text)).toContain('***')
})

test('what is no secret stays to be read', () => {
  const text = 'Cannot connect to 10.0.0.7:8433: connect ECONNREFUSED; cpu.idle 97.5; url=http://shop/health,timeout=5'
  expect(redact(text)).toBe(text)
})

test('known secrets are found wherever they stand, in every form they take', () => {
  const known = createRedactor([String.raw`pa"ss\word`, 'long secret', 'secret'])
  expect(known(JSON.stringify({ x: String.raw`pa"ss\word` }))).toBe('{"x":"***"}')
  expect(known('a long secret is a secret, and long%20secret too')).toBe('a *** is a ***, and *** too')
  expect(createRedactor(['abc'])('abc')).toBe('abc')
})

test('all that plugins are called with is secret', () => {
  expect(secretsOfPlugins(['a/b.sh', 'c.sh()', `d.sh(root, "s3cret!", '7')`])).toEqual([
    `root, "s3cret!", '7'`,
    'root',
    's3cret!',
    '7',
  ])
})
