import type { Mount } from '../../host/linux/host.ts'

// Falcon: the lists and the order of the rules; autofs is ours, because asking it would mount what it stands for.
const sourcesLeftOut = new Set(['none', 'nodev', 'proc', 'hugetlbfs', 'mqueue'])
const typesLeftOut = new Set([
  'autofs',
  'cgroup',
  'debugfs',
  'devpts',
  'devtmpfs',
  'iso9660',
  'overlay',
  'rootfs',
  'rpc_pipefs',
  'squashfs',
  'tmpfs',
])
const mountPointsLeftOut = ['/sys', '/net', '/misc', '/proc', '/lib']

/**
 * The mounts whose use is worth sending: only `wanted` ones when any are named, no pseudo file systems, and each
 * device once, where its path is shortest, so that bind mounts disappear.
 */
export function selectMounts(mounts: readonly Mount[], wanted: readonly string[]): Mount[] {
  const shortest = new Map<string, Mount>()
  for (const mount of mounts) {
    if (wanted.length > 0 && !wanted.includes(mount.mountPoint)) continue
    if (!isOrdinary(mount)) continue
    const key = mount.source.startsWith('/dev') ? mount.source : `at ${mount.mountPoint}`
    const other = shortest.get(key)
    if (!other || mount.mountPoint.length < other.mountPoint.length) shortest.set(key, mount)
  }
  return [...shortest.values()]
}

function isOrdinary({ source, mountPoint, type }: Mount): boolean {
  if (sourcesLeftOut.has(source) || typesLeftOut.has(type) || type.startsWith('fuse')) return false
  return !mountPointsLeftOut.some((prefix) => mountPoint.startsWith(prefix))
}
