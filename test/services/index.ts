export { startMariadb } from './mariadb.ts'
export type { Mariadb } from './mariadb.ts'
export { startRedis } from './redis.ts'
export type { PrivateRedis } from './redis.ts'
