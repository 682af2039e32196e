import { isWindows } from './command.ts'

/** Code pages of Windows by the names that decoders know them by; the windows-125x are made. */
const codePages: Readonly<Record<number, string>> = {
  866: 'ibm866',
  874: 'windows-874',
  932: 'shift_jis',
  936: 'gbk',
  949: 'euc-kr',
  950: 'big5',
}

/** What a program printed: UTF-8, except on Windows, where old programs print in the code page of the console. */
export async function decodeOutput(output: Buffer): Promise<string> {
  if (!isWindows) return output.toString()
  return decodeWith(output, isUtf8(output) ? 65_001 : await consoleCodePage())
}

export function decodeWith(output: Buffer, codePage: number): string {
  if (output[0] === 0xff && output[1] === 0xfe) return output.subarray(2).toString('utf16le')
  const text = isUtf8(output) ? output.toString() : inCodePage(output, codePage)
  return text.replace(/^\uFEFF/, '')
}

function inCodePage(output: Buffer, codePage: number): string {
  const label = codePages[codePage] ?? (codePage >= 1250 && codePage <= 1258 ? `windows-${codePage}` : undefined)
  // Decoders know no DOS pages: letters beyond ASCII are lost, numbers and names of metrics are not.
  return label === undefined ? output.toString('ascii') : new TextDecoder(label).decode(output)
}

function isUtf8(output: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(output)
    return true
  } catch {
    return false
  }
}

async function consoleCodePage(): Promise<number> {
  const { loadKoffi } = await import('../host/load-koffi.ts')
  const getOemCodePage = (await loadKoffi()).load('kernel32.dll').func('uint32_t GetOEMCP()') as () => number
  return getOemCodePage()
}
