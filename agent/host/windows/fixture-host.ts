import { createWindowsHost } from '../windows.ts'
import { createFixtureWin32 } from './fixture-win32.ts'
import type { FixtureState } from './fixture-win32.ts'
import type { WindowsHost } from './host.ts'

export interface FixtureWindowsHost extends WindowsHost {
  /** What its Windows answers from now on. */
  readonly state: FixtureState
  /** Lets a minute pass: what grows has grown. */
  passMinute(): void
}

const gib = 2 ** 30
const seconds = (count: number) => count * 10_000_000

/** A Windows host over recorded answers: two disks of which one is not counted, four drives, three adapters. */
export function createFixtureWindowsHost(): FixtureWindowsHost {
  let nowMs = 1000
  const state: FixtureState = {
    times: [seconds(1000), seconds(1500), seconds(500)],
    pages: [1_000_000, 4_000_000, 2_000_000, 500_000],
    tickMs: 3_600_500,
    drives: {
      A: { kind: 2, fileSystem: 'FAT', sizes: [0, 1440 * 1024, 0] },
      C: { kind: 3, fileSystem: 'NTFS', sizes: [20 * gib, 100 * gib, 25 * gib] },
      D: { kind: 5, fileSystem: 'CDFS', sizes: [0, gib, 0] },
      E: { kind: 2 },
      F: { kind: 3, fileSystem: 'ReFS', sizes: [300 * gib, 300 * gib, 300 * gib] },
      N: { kind: 4, fileSystem: 'NTFS', sizes: [gib, gib, gib] },
    },
    disks: {
      PhysicalDrive10: 'not counted',
      PhysicalDrive0: {
        bytes: [1024 ** 2, 2 * 1024 ** 2],
        times: [seconds(10), seconds(20), seconds(900)],
        requests: [100, 200],
        queue: 3,
      },
    },
    adapters: [
      { index: 1, name: 'Loopback Pseudo-Interface 1', type: 24, in: [9, 9, 9, 9, 9], out: [9, 9, 9, 9, 9] },
      {
        index: 7,
        name: 'Local Area Connection',
        bitsPerSecond: 1_000_000_000n,
        in: [10_000_000, 900, 100, 5, 6],
        out: [2_000_000, 800, 0, 1, 2],
      },
      { index: 9, name: '以太网 2', bitsPerSecond: 0xffff_ffff_ffff_ffffn, in: [0, 0, 0, 0, 0], out: [0, 0, 0, 0, 0] },
      { index: 11, name: 'Teredo Tunneling Pseudo-Interface', in: [1, 1, 1, 1, 1], out: [1, 1, 1, 1, 1] },
      { index: 12, name: 'pulled out', in: [1, 1, 1, 1, 1], out: [1, 1, 1, 1, 1], gone: true },
    ],
    tcp: { 2: [40, 1000], 23: [2, 10] },
    udp: { 2: [100, 2, 3, 90], 23: [10, 1, 0, 9] },
    ports: { tcp: { 2: [80, 3389], 23: [80, 445] }, udp: { 2: [53], 23: [5353] } },
    processes: {
      0: { name: '[System Process]' },
      4: { name: 'System' },
      800: {
        name: 'sqlservr.exe',
        commandLine: '"C:\\Program Files\\sqlservr.exe" -sMSSQLSERVER',
        cpu: [seconds(3), seconds(4)],
        resident: gib,
        handles: 900,
      },
      900: { name: 'sqlservr.exe', commandLine: '"C:\\Program Files\\sqlservr.exe" -sREPORTS' },
    },
    services: { W3SVC: 4, Spooler: 1, MSSQLSERVER: 4, MSSQL$REPORTS: 1, SQLAgent$REPORTS: 4, MsDtsServer150: 4 },
    registry: { 'SOFTWARE\\Microsoft\\Microsoft SQL Server\\Instance Names\\SQL': ['MSSQLSERVER', 'REPORTS'] },
    texts: {},
    counters: {
      add: async () => ({ status: 0xc0000bb8, counter: 0n }),
      collect: async () => 0,
      value: () => ({ status: 0, value: 0 }),
      close: () => undefined,
    },
  }
  return {
    ...createWindowsHost({ win32: createFixtureWin32(state), now: () => nowMs }),
    state,
    passMinute() {
      nowMs += 60_000
      // Four processors for a minute: 120 s idle, 48 s in the kernel, 72 s in programs.
      state.times = [seconds(1120), seconds(1668), seconds(572)]
      state.disks['PhysicalDrive0'] = {
        bytes: [1024 ** 2 + 600 * 512, 2 * 1024 ** 2 + 5400 * 512],
        times: [seconds(16), seconds(50), seconds(945)],
        requests: [160, 440],
        queue: 1,
      }
    },
  }
}
