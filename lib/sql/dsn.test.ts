import { expect, test } from 'vitest'
import { displayName, parseDsn } from './dsn.ts'

const mysql = { kind: 'mysql', connectTimeoutMs: undefined, tls: 'off' }

test('a DSN of an old configuration file', () => {
  expect(parseDsn('root:@tcp(127.0.0.1:3306)/falcon_portal?loc=Local&parseTime=true')).toEqual({
    ...mysql,
    user: 'root',
    password: '',
    address: { host: '127.0.0.1', port: 3306 },
    database: 'falcon_portal',
  })
})

test('a password may hold any character, also those that separate the parts', () => {
  const parsed = parseDsn('falcon:p@ss:w/o(r)d?&@tcp(db.example:13306)/falcon_portal')
  expect(parsed).toMatchObject({
    user: 'falcon',
    password: 'p@ss:w/o(r)d?&',
    address: { host: 'db.example', port: 13306 },
  })
})

test('unix sockets, IPv6, and addresses left out', () => {
  expect(parseDsn('u:p@unix(/run/mysqld/mysqld.sock)/d')).toMatchObject({
    address: { socketPath: '/run/mysqld/mysqld.sock' },
    database: 'd',
  })
  expect(parseDsn('u:p@tcp([::1]:3307)/d')).toMatchObject({ address: { host: '::1', port: 3307 } })
  expect(parseDsn('u:p@tcp(db.example)/d')).toMatchObject({ address: { host: 'db.example', port: 3306 } })
  expect(parseDsn('u@/d')).toMatchObject({ user: 'u', password: '', address: { host: '127.0.0.1', port: 3306 } })
  expect(parseDsn('/')).toMatchObject({ user: '', database: '' })
})

test('the database may be escaped as in a URL, or hold a lone percent sign', () => {
  expect(parseDsn('u:p@tcp(h:1)/falcon%2Fportal')).toMatchObject({ database: 'falcon/portal' })
  expect(parseDsn('u:p@tcp(h:1)/100%')).toMatchObject({ database: '100%' })
})

test('timeout and tls are taken over', () => {
  expect(parseDsn('u:p@tcp(h:1)/d?timeout=1.5s&tls=skip-verify&charset=utf8')).toMatchObject({
    connectTimeoutMs: 1500,
    tls: 'unverified',
  })
  expect(parseDsn('u:p@tcp(h:1)/d?timeout=300ms&tls=true')).toMatchObject({ connectTimeoutMs: 300, tls: 'verify' })
  expect(parseDsn('u:p@tcp(h:1)/d?timeout=1m30s')).toMatchObject({ connectTimeoutMs: 90_000 })
})

test('a file', () => {
  expect(parseDsn('sqlite:var/falcon.db')).toEqual({ kind: 'sqlite', file: 'var/falcon.db' })
})

test.each([
  ['', 'neither sqlite:<file> nor'],
  ['sqlite:', 'names no file'],
  ['root:secret@tcp(127.0.0.1:3306)', 'neither sqlite:<file> nor'],
  ['root:secret@tcp(127.0.0.1:port)/d', '127.0.0.1:port'],
  ['root:secret@udp(127.0.0.1:3306)/d', 'udp'],
  ['root:secret@tcp(127.0.0.1:3306/d', 'tcp(127.0.0.1:3306'],
  ['root:secret@tcp(127.0.0.1:3306)/d?timeout=soon', 'soon'],
])('%s is refused, naming what is wrong and hiding the password', (dsn, reason) => {
  expect(() => parseDsn(dsn)).toThrow(reason)
  expect(() => parseDsn(dsn)).not.toThrow('secret')
})

test('a database is named without its password', () => {
  expect(displayName(parseDsn('falcon:secret@tcp(db:3306)/falcon_portal'))).toBe('falcon@db:3306/falcon_portal')
  expect(displayName(parseDsn('falcon:secret@unix(/s)/d'))).toBe('falcon@/s/d')
})
