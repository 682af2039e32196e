const tags = ['!doctype html', 'html', 'head', 'script', 'iframe', 'h1', 'div', 'font', 'table', 'a', 'style', 'title']
const htmlTags = new RegExp(`^<(?:(?:${[...tags, 'b', 'body', 'br', 'p'].join('|')})[ >]|!--)`, 'i')

/** Beginnings that tell a type, as latin1. */
const beginnings: readonly (readonly [string, string])[] = [
  ['%PDF-', 'application/pdf'],
  ['%!PS-Adobe-', 'application/postscript'],
  ['\u00fe\u00ff', 'text/plain; charset=utf-16be'],
  ['\u00ff\u00fe', 'text/plain; charset=utf-16le'],
  ['\u00ef\u00bb\u00bf', 'text/plain; charset=utf-8'],
  ['GIF87a', 'image/gif'],
  ['GIF89a', 'image/gif'],
  ['\u0089PNG\r\n\u001a\n', 'image/png'],
  ['\u00ff\u00d8\u00ff', 'image/jpeg'],
  ['BM', 'image/bmp'],
  ['\u001f\u008b\u0008', 'application/x-gzip'],
  ['PK\u0003\u0004', 'application/zip'],
]

/** The content type that Go's server gives an answer of which only the bytes are known (the web's sniffing rules). */
export function sniffContentType(body: Buffer): string {
  const start = body.subarray(0, 512)
  const text = start.toString('latin1')
  const content = text.trimStart()
  if (htmlTags.test(content)) return 'text/html; charset=utf-8'
  if (content.startsWith('<?xml')) return 'text/xml; charset=utf-8'
  const known = beginnings.find(([beginning]) => text.startsWith(beginning))
  if (known) return known[1]
  return start.some(isBinary) ? 'application/octet-stream' : 'text/plain; charset=utf-8'
}

/** Bytes that no text has: control characters, but for tab, line ends, form feed and escape. */
function isBinary(byte: number): boolean {
  return byte < 0x20 && byte !== 9 && byte !== 10 && byte !== 12 && byte !== 13 && byte !== 0x1b
}
