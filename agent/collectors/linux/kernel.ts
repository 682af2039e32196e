import type { LinuxHost } from '../../host/linux/host.ts'
import { gauge } from '../collector.ts'
import type { Collector } from '../collector.ts'

export function createKernelCollector(host: Pick<LinuxHost, 'kernelLimits'>): Collector {
  return {
    name: 'kernel',
    async collect() {
      const { maxFiles, allocatedFiles, maxProcesses } = await host.kernelLimits()
      return [
        gauge('kernel.maxfiles', maxFiles),
        gauge('kernel.maxproc', maxProcesses),
        gauge('kernel.files.allocated', allocatedFiles),
        gauge('kernel.files.left', maxFiles - allocatedFiles),
      ]
    },
  }
}
