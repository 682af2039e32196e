/** Bytes received and not yet read. A piece is copied only when it arrived in several chunks. */
export class Inbox {
  #chunks: Buffer[] = []
  #length = 0

  get length(): number {
    return this.#length
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#length += chunk.length
  }

  /** The first `size` bytes, left where they are; undefined while there are fewer. */
  peek(size: number): Buffer | undefined {
    return this.#first(size)?.subarray(0, size)
  }

  /** Removes the first `size` bytes; undefined while there are fewer. */
  take(size: number): Buffer | undefined {
    const first = this.#first(size)
    if (!first) return undefined
    if (first.length === size) this.#chunks.shift()
    else this.#chunks[0] = first.subarray(size)
    this.#length -= size
    return first.subarray(0, size)
  }

  #first(size: number): Buffer | undefined {
    if (this.#length < size) return undefined
    if ((this.#chunks[0]?.length ?? 0) < size) this.#chunks = [Buffer.concat(this.#chunks, this.#length)]
    return this.#chunks[0] ?? Buffer.alloc(0)
  }
}
