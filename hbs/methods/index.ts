import { builtinMetricsMethod } from './builtin-metrics.ts'
import { getExpressions } from './get-expressions.ts'
import { getStrategies } from './get-strategies.ts'
import { minePlugins } from './mine-plugins.ts'
import { reportStatus } from './report-status.ts'
import { trustableIps } from './trustable-ips.ts'

/** What agents and judges call. */
export const hbsMethods = [reportStatus, minePlugins, builtinMetricsMethod, trustableIps, getStrategies, getExpressions]
