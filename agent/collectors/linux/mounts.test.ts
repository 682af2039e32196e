import { expect, test } from 'vitest'
import type { Mount } from '../../host/linux/host.ts'
import { selectMounts } from './mounts.ts'

const mount = (source: string, mountPoint: string, type = 'ext4'): Mount => ({ source, mountPoint, type })
const points = (mounts: readonly Mount[], wanted: readonly string[] = []) =>
  selectMounts(mounts, wanted).map((it) => it.mountPoint)

test.each([
  mount('none', '/a'),
  mount('nodev', '/a'),
  mount('proc', '/a'),
  mount('hugetlbfs', '/dev/hugepages'),
  mount('mqueue', '/dev/mqueue'),
  mount('x', '/a', 'cgroup'),
  mount('x', '/a', 'debugfs'),
  mount('x', '/a', 'devpts'),
  mount('x', '/a', 'devtmpfs'),
  mount('/dev/sr0', '/a', 'iso9660'),
  mount('x', '/a', 'rpc_pipefs'),
  mount('rootfs', '/', 'rootfs'),
  mount('overlay', '/a', 'overlay'),
  mount('tmpfs', '/a', 'tmpfs'),
  mount('/dev/loop1', '/snap/a', 'squashfs'),
  mount('user@host:', '/a', 'fuse.sshfs'),
  mount('/dev/sdb1', '/a', 'fuseblk'),
  mount('systemd-1', '/a', 'autofs'),
  mount('/dev/sda1', '/sys/x'),
  mount('/dev/sda1', '/net/x'),
  mount('/dev/sda1', '/misc'),
  mount('/dev/sda1', '/proc/x'),
  mount('/dev/sda1', '/lib/modules'),
])('$source on $mountPoint of type $type is left out', (it) => expect(selectMounts([it], [])).toEqual([]))

test('of a device mounted twice the shorter path stays, whichever came first', () => {
  expect(points([mount('/dev/sda1', '/data/bind'), mount('/dev/sda1', '/data')])).toEqual(['/data'])
  expect(points([mount('/dev/sda1', '/data'), mount('/dev/sda1', '/data/bind')])).toEqual(['/data'])
})

test('what is no device is taken each time it is mounted', () => {
  expect(points([mount('nfs:/a', '/a', 'nfs'), mount('nfs:/a', '/b', 'nfs')])).toEqual(['/a', '/b'])
})

test('of named mount points only those are taken, also one that a shorter path of its device would hide', () => {
  const mounts = [mount('/dev/sda1', '/'), mount('/dev/sda1', '/bind'), mount('/dev/sdb1', '/data')]
  expect(points(mounts, ['/bind', '/absent'])).toEqual(['/bind'])
})
