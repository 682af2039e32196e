/** Bytes from a peer or a file that are not what they should be. */
export class FormatError extends Error {
  override name = 'FormatError'
}

/** Writes little-endian numbers and texts into a buffer that grows. */
export class ByteWriter {
  #bytes: Buffer
  #length = 0

  constructor(capacity = 4096) {
    this.#bytes = Buffer.allocUnsafe(capacity)
  }

  u8(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#length++] = value
  }

  u32(value: number): void {
    this.#reserve(4)
    this.#length = this.#bytes.writeUInt32LE(value, this.#length)
  }

  /** A whole number from 0 to 2^32 - 1 in one to five bytes, the lowest seven bits first. */
  varint(value: number): void {
    this.#reserve(5)
    let rest = value
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.#bytes[this.#length++] = rest
  }

  /** UTF-8, its length in bytes first. */
  text(value: string): void {
    const length = Buffer.byteLength(value)
    this.varint(length)
    this.#reserve(length)
    this.#length += this.#bytes.write(value, this.#length, length, 'utf8')
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.byteLength)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.byteLength
  }

  /** Room for `size` bytes that the caller fills, as a view on them. Good until the next write. */
  view(size: number): DataView {
    this.#reserve(size)
    const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset + this.#length, size)
    this.#length += size
    return view
  }

  /** What was written, without a copy: the writer must not be used after it. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  #reserve(size: number): void {
    const needed = this.#length + size
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2))
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }
}

/** Reads what a ByteWriter wrote. Reading past the end throws a FormatError. */
export class ByteReader {
  readonly #bytes: Buffer
  #offset = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get left(): number {
    return this.#bytes.length - this.#offset
  }

  u8(): number {
    return this.#bytes[this.#take(1)] ?? 0
  }

  u32(): number {
    return this.#bytes.readUInt32LE(this.#take(4))
  }

  varint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) {
        if (value > 0xffffffff) break
        return value
      }
    }
    throw new FormatError(`a number at byte ${this.#offset} is longer than 32 bits`)
  }

  text(): string {
    const length = this.varint()
    const start = this.#take(length)
    return this.#bytes.toString('utf8', start, start + length)
  }

  /** The next `size` bytes, not copied. */
  raw(size: number): Buffer {
    const start = this.#take(size)
    return this.#bytes.subarray(start, start + size)
  }

  view(size: number): DataView {
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset + this.#take(size), size)
  }

  /** Throws when something is left. */
  end(): void {
    if (this.left > 0) throw new FormatError(`${this.left} bytes follow where nothing should`)
  }

  #take(size: number): number {
    const start = this.#offset
    if (size > this.left) throw new FormatError(`${size} bytes expected at byte ${start}, ${this.left} are there`)
    this.#offset = start + size
    return start
  }
}
