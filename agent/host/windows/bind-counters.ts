import type { Koffi } from '../load-koffi.ts'
import { onThread, windowsError } from './calls.ts'
import type { CounterQuery } from './win32.ts'

/** PDH_FMT_DOUBLE, and PDH_FMT_NOCAP100: of a program on several processors, 100 % is not the most. */
const format = 0x200 | 0x8000

/** Any of these may take seconds: Windows then starts what provides the counters. */
export function bindCounters(koffi: Koffi): () => Promise<CounterQuery> {
  let library: ReturnType<typeof bindPdh> | undefined

  return async () => {
    const pdh = (library ??= bindPdh(koffi))
    const opened = Buffer.alloc(8)
    const status = Number(await onThread(pdh.open, null, 0, opened))
    if (status !== 0) throw windowsError('open a list of performance counters', status)
    const query = opened.readBigUInt64LE()
    return {
      async add(path) {
        const counter = Buffer.alloc(8)
        const status = Number(await onThread(pdh.add, query, path, 0, counter))
        return { status, counter: counter.readBigUInt64LE() }
      },
      collect: async () => Number(await onThread(pdh.collect, query)),
      value(counter) {
        const bytes = Buffer.alloc(16)
        const status = Number(pdh.value(counter, format, null, bytes))
        // What the counter itself says comes first: the call succeeds also for a reading that is no good.
        return { status: status === 0 ? statusOf(bytes) : status, value: bytes.readDoubleLE(8) }
      },
      close: () => void pdh.close(query),
    }
  }
}

/** PDH_CSTATUS_VALID_DATA and PDH_CSTATUS_NEW_DATA. */
function statusOf(bytes: Buffer): number {
  const status = bytes.readUInt32LE()
  return status === 1 ? 0 : status
}

function bindPdh(koffi: Koffi) {
  const pdh = koffi.load('pdh.dll')
  return {
    open: pdh.func('uint32 __stdcall PdhOpenQueryW(str16 source, uint64 user, _Out_ void *query)'),
    add: pdh.func('uint32 __stdcall PdhAddEnglishCounterW(uint64 query, str16 path, uint64 user, _Out_ void *counter)'),
    collect: pdh.func('uint32 __stdcall PdhCollectQueryData(uint64 query)'),
    value: pdh.func(
      'uint32 __stdcall PdhGetFormattedCounterValue(uint64 counter, uint32 format, void *type, _Out_ void *value)',
    ),
    close: pdh.func('uint32 __stdcall PdhCloseQuery(uint64 query)'),
  }
}
