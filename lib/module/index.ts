export { runLean, runModule } from './run.ts'
export type { LeanMain, ModuleMain, Reload, Running } from './run.ts'
export { version } from './version.ts'
export { projectRoot } from './root.ts'
