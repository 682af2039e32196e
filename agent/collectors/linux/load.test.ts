import { collectorContract } from './collector.contract.ts'
import { createLoadCollector } from './load.ts'

collectorContract((host) => createLoadCollector(host), '/proc/loadavg')
