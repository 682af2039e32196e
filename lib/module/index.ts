export { runModule } from './run.ts'
export type { ModuleMain, Reload, Running } from './run.ts'
export { version } from './version.ts'
export { projectRoot } from './root.ts'
