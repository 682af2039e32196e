export { isLoopback, mayChange } from './trust.ts'
export type { Trust } from './trust.ts'
export { startHttp } from './server.ts'
export type { HttpServer, Routes } from './server.ts'
