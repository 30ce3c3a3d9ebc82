'use strict'
// Feeding a pipeline and draining one, at the pace of the event loop.

const { setImmediate: nextTurn } = require('node:timers/promises')
const { markAsUntransferable } = require('node:worker_threads')
const native = require('./native')
const hosts = require('./hosts')
const { kindOf } = require('./texts')

const PIECE = 1 << 20 // others of the loop run after so many bytes, also where data never keeps us waiting
const LEND_FROM = 64 << 10 // of less, a copy is cheaper

function bytesOf(data) {
  if (data instanceof Uint8Array) return data
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  if (data instanceof ArrayBuffer || data instanceof SharedArrayBuffer) return new Uint8Array(data)
  throw new TypeError(`weir stores bytes, not ${kindOf(data)}`)
}

/** Of what a program has, if it is to be lent: whether it stays where it is. From then on nobody can transfer it. */
function lendable({ buffer }) {
  if (buffer.resizable || buffer.growable) return false
  markAsUntransferable(buffer)
  return true
}

class Handle {
  #wake // of who waits

  constructor(handle) {
    this.handle = handle
    this.moved = 0
  }

  /** A handle that is broken says that its job has ended; the job says why. */
  async explain(error) {
    if (error.kind === 'broken_pipe' && this.job) await this.job.ref().result()
    throw error
  }

  /** Until a try is worth it. One that is freed meanwhile is worth one too: that says so. */
  wait() {
    return new Promise((resolve) => {
      this.#wake = resolve
      native.streamWait(this.handle, resolve)
    })
  }

  async turn(size) {
    this.moved += size
    if (this.moved < PIECE) return
    this.moved = 0
    await nextTurn()
  }

  free() {
    native.streamFree(this.handle)
    this.#wake?.()
  }
}

/** One write at a time. Freed without close() it ends its job with an error: half a stream is none. */
class Push extends Handle {
  constructor(exactBytes) {
    super(native.pushNew(exactBytes))
  }

  /**
   * All of it. Waits while there is no room. `lend`: 'ours', nobody else has its memory, or true, it is the program's: it is
   * not copied, and must not change any more.
   */
  async write(data, lend = false) {
    const bytes = bytesOf(data)
    const size = bytes.length
    if (lend && lend !== 'ours') lend = size >= LEND_FROM && lendable(bytes)
    try {
      for (let at = 0; at < size;) {
        const taken = lend && size - at >= LEND_FROM ? this.#lend(bytes, at) : native.pushWrite(this.handle, bytes, at)
        at += taken
        if (taken === 0) await this.wait()
        else if ((this.moved += taken) >= PIECE) await this.turn(0)
        if (bytes.length !== size) throw new TypeError('the buffer was detached while it was written')
      }
    } catch (error) {
      await this.explain(error)
    }
  }

  #lend(bytes, at) {
    const id = hosts.keep(bytes)
    const size = Math.min(bytes.length - at, PIECE)
    let lent = false
    try {
      lent = native.pushLend(this.handle, bytes, at, size, id)
    } finally {
      if (!lent) hosts.forget(id)
    }
    return lent ? size : 0
  }

  /** All was written. */
  close() {
    native.pushClose(this.handle)
  }
}

/** One read at a time. */
class Pull extends Handle {
  constructor() {
    super(native.pullNew())
  }

  /** The next chunk; null behind the last, when the job has ended well. */
  chunk() {
    return this.#read(() => native.pullRead(this.handle), (chunk) => chunk?.length ?? 0)
  }

  /** As chunk(), in the job's own memory, to be given back with giveBack(). */
  lent() {
    return this.#read(() => native.pullLend(this.handle), (chunk) => chunk?.length ?? 0)
  }

  /** Whoever still has a chunk that was lent() has no bytes any more. */
  giveBack(chunk) {
    native.detach(chunk.buffer)
  }

  /** How many bytes were read into it; 0 behind the last. */
  readInto(bytes) {
    return this.#read(() => native.pullReadInto(this.handle, bytes), (size) => size)
  }

  async #read(attempt, sizeOf) {
    try {
      for (;;) {
        const found = attempt()
        if (found === undefined) {
          await this.wait()
          continue
        }
        const size = sizeOf(found)
        if (size === 0) await this.job.ref().result()
        else if ((this.moved += size) >= PIECE) await this.turn(0)
        return found
      }
    } catch (error) {
      return this.explain(error)
    }
  }
}

module.exports = { Push, Pull, bytesOf }
