export { parseListen } from './listen.ts'
export type { ListenAddress } from './listen.ts'
