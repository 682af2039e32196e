/** Writes numbers of up to 32 bits, most significant bit first. One writer is reused: `start`, then `put`…, then `finish`. */
export class BitWriter {
  private out: Uint8Array = new Uint8Array(0)
  private position = 0
  private pending = 0
  private pendingBits = 0

  start(out: Uint8Array, position: number): void {
    this.out = out
    this.position = position
    this.pending = 0
    this.pendingBits = 0
  }

  put(value: number, bits: number): void {
    if (bits > 16) {
      this.put16(value >>> 16, bits - 16)
      this.put16(value & 0xffff, 16)
    } else if (bits > 0) this.put16(value & ((1 << bits) - 1), bits)
  }

  /** Pads to a whole byte; the position after it. */
  finish(): number {
    if (this.pendingBits > 0) this.out[this.position++] = (this.pending << (8 - this.pendingBits)) & 255
    return this.position
  }

  private put16(value: number, bits: number): void {
    this.pending = (this.pending << bits) | (value & ((1 << bits) - 1))
    this.pendingBits += bits
    while (this.pendingBits >= 8) {
      this.pendingBits -= 8
      this.out[this.position++] = (this.pending >>> this.pendingBits) & 255
    }
    this.pending &= (1 << this.pendingBits) - 1
  }
}

/** Reads what `BitWriter` wrote. Beyond the end of the bytes it gives zeros. */
export class BitReader {
  private bytes: Uint8Array = new Uint8Array(0)
  private position = 0
  private pending = 0
  private pendingBits = 0

  start(bytes: Uint8Array, position: number): void {
    this.bytes = bytes
    this.position = position
    this.pending = 0
    this.pendingBits = 0
  }

  /** An unsigned number of up to 32 bits. */
  get(bits: number): number {
    if (bits > 16) return this.get16(bits - 16) * 65536 + this.get16(16)
    return bits === 0 ? 0 : this.get16(bits)
  }

  /** The position after the byte that holds the last bit read. */
  finish(): number {
    return this.position
  }

  private get16(bits: number): number {
    while (this.pendingBits < bits) {
      this.pending = (this.pending << 8) | (this.bytes[this.position++] ?? 0)
      this.pendingBits += 8
    }
    this.pendingBits -= bits
    const value = (this.pending >>> this.pendingBits) & ((1 << bits) - 1)
    this.pending &= (1 << this.pendingBits) - 1
    return value
  }
}
