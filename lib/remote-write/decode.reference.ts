/** What a receiver sees: written from the formats' descriptions, apart from the encoder. */
export interface ReceivedSeries {
  readonly labels: Record<string, string>
  readonly names: readonly string[]
  readonly samples: readonly { readonly time: number; readonly value: number }[]
}

/** Uncompresses a snappy block. @throws when it is not one */
export function decodeSnappy(block: Uint8Array): Buffer {
  const reader = readerOf(Buffer.from(block))
  const length = Number(reader.varint())
  const out: number[] = []
  while (!reader.done()) {
    const tag = reader.byte()
    const kind = tag % 4
    const upper = tag >> 2
    if (kind === 0) {
      const size = upper < 60 ? upper + 1 : reader.little(upper - 59) + 1
      for (let i = 0; i < size; i++) out.push(reader.byte())
      continue
    }
    const copied = kind === 1 ? (upper % 8) + 4 : upper + 1
    const distance = kind === 1 ? ((tag >> 5) << 8) + reader.byte() : reader.little(kind === 2 ? 2 : 4)
    if (distance === 0 || distance > out.length) throw new Error(`a copy from ${distance} back at ${out.length}`)
    for (let i = 0; i < copied; i++) out.push(out.at(-distance) ?? NaN)
  }
  if (out.length !== length) throw new Error(`${out.length} bytes instead of ${length}`)
  return Buffer.from(out)
}

export function decodeWriteRequest(body: Uint8Array): ReceivedSeries[] {
  return fieldsOf(decodeSnappy(body)).map((series) => {
    const fields = fieldsOf(series.bytes())
    const pairs = fields
      .filter(({ number }) => number === 1)
      .map((label) => fieldsOf(label.bytes()).map((part) => part.bytes().toString()))
    return {
      labels: Object.fromEntries(pairs) as Record<string, string>,
      names: pairs.map(([name = '']) => name),
      samples: fields
        .filter(({ number }) => number === 2)
        .map((sample) => {
          const [value, time] = fieldsOf(sample.bytes())
          return { value: value?.bytes().readDoubleLE(0) ?? NaN, time: Number(time?.whole() ?? NaN) }
        }),
    }
  })
}

interface Field {
  readonly number: number
  bytes(): Buffer
  whole(): bigint
}

function fieldsOf(message: Buffer): Field[] {
  const reader = readerOf(message)
  const fields: Field[] = []
  while (!reader.done()) {
    const tag = Number(reader.varint())
    const wire = tag % 8
    if (wire !== 0 && wire !== 1 && wire !== 2) throw new Error(`wire type ${wire}`)
    const whole = wire === 0 ? reader.varint() : 0n
    const bytes = wire === 0 ? Buffer.alloc(0) : reader.take(wire === 1 ? 8 : Number(reader.varint()))
    fields.push({ number: tag >> 3, bytes: () => bytes, whole: () => whole })
  }
  return fields
}

function readerOf(bytes: Buffer) {
  let at = 0
  const reader = {
    done: () => at >= bytes.length,
    byte: () => bytes.readUInt8(at++),
    little(count: number) {
      at += count
      return bytes.readUIntLE(at - count, count)
    },
    take(count: number) {
      if (at + count > bytes.length) throw new Error(`${count} bytes wanted at ${at} of ${bytes.length}`)
      at += count
      return bytes.subarray(at - count, at)
    },
    varint() {
      let value = 0n
      for (let shift = 0n; ; shift += 7n) {
        const byte = reader.byte()
        value |= BigInt(byte % 128) << shift
        if (byte < 128) return value
      }
    },
  }
  return reader
}
