'use strict'
// Stages written in JavaScript. They run on this thread; a thread of the library's waits for what they give.

const native = require('./native')
const hosts = require('./hosts')
const { WeirError } = require('./errors')
const { kindOf } = require('./texts')

const MOST_GIVEN = 64 << 20
const LONGEST_LINE = 1 << 20 // as the library's own `lines` has it

class Stopped extends Error {
  constructor() {
    super('the job was stopped')
    this.name = 'Stopped'
  }
}

/** What a stage gave, as an array of Uint8Array. */
async function piecesOf(given) {
  given = await given
  if (given === undefined || given === null) return []
  if (ArrayBuffer.isView(given)) return [new Uint8Array(given.buffer, given.byteOffset, given.byteLength)]
  if (given instanceof ArrayBuffer) return [new Uint8Array(given)]
  if (typeof given === 'object' && (given[Symbol.iterator] || given[Symbol.asyncIterator])) {
    const pieces = []
    let size = 0
    for await (const piece of given) {
      if (piece !== undefined && piece !== null && !ArrayBuffer.isView(piece)) throw wrong(piece)
      pieces.push(...(await piecesOf(piece)))
      checkGiven(size += piece?.byteLength ?? 0)
    }
    return pieces
  }
  throw wrong(given)
}

/** What a stage gives for one piece is held until it has given all of it. */
function checkGiven(size) {
  if (size > MOST_GIVEN) throw new WeirError(`a stage gave more than ${MOST_GIVEN} bytes for one piece of the stream`, { kind: 'limit' })
}

function wrong(given) {
  return new TypeError(`a stage gave ${kindOf(given)}; it gives bytes, nothing, or several pieces of bytes`)
}

/** The stages of one job that are ours: [{process(data), finish?(), close?()}], and what they threw. */
class OwnStages {
  #makers = []
  #waiting = new Set()
  #over = false
  #first

  /** The number of a stage in the pipeline. */
  add(make) {
    return this.#makers.push(make) - 1
  }

  /** Calls `begin` with the numbers that the library may ask for while a job is started. */
  start(begin) {
    const ids = []
    const stages = []
    try {
      for (const make of this.#makers) {
        stages.push(this.#stage(make))
        ids.push(hosts.keep(stages.at(-1)))
      }
      return begin(ids)
    } catch (error) {
      ids.forEach(hosts.forget)
      for (const stage of stages) stage.released()
      throw error
    }
  }

  #stage(make) {
    const work = make()
    if (typeof work?.process !== 'function') throw new TypeError('a stage has a function process(data)')
    return {
      asked: (what, data, request) => this.#ask(work, what, data, request),
      released: () => work.close?.()
    }
  }

  async #ask(work, what, data, request) {
    if (this.#over) throw new Stopped()
    this.#waiting.add(request)
    try {
      return await piecesOf(what === 'process' ? work.process(data) : work.finish?.())
    } catch (error) {
      this.#first ??= { error }
      throw error
    } finally {
      this.#waiting.delete(request)
    }
  }

  /** Nobody waits any more for one that does not answer. */
  end() {
    this.#over = true
    for (const request of this.#waiting) native.answer(request, 'the job was stopped')
    this.#waiting.clear()
  }

  /** The error of the job, with what one of them threw as its cause. */
  explain(error) {
    if (this.#first !== undefined) error.cause ??= this.#first.error
    return error
  }
}

/** What a function makes of each piece. */
class Pieces {
  constructor(work) {
    this.process = (data) => work(data)
  }
}

/** What a function makes of each line, with its end; one that is begun waits for more. */
class Lines {
  #work
  #begun = [] // pieces of a line
  #size = 0 // of them
  #offset = 0 // of the next line, in the stream

  constructor(work) {
    this.#work = work
  }

  async process(data) {
    const end = data.lastIndexOf(10) + 1
    if (end === 0) return this.#begin(data)
    const given = await this.#each(this.#ended(data.subarray(0, end)))
    this.#begin(data.subarray(end))
    return given
  }

  finish() {
    return this.#each(this.#ended(Buffer.alloc(0)))
  }

  #begin(data) {
    if (data.length === 0) return
    this.#begun.push(data)
    this.#size += data.length
    this.#checkLine(this.#size)
  }

  #ended(data) {
    const whole = this.#size > 0 ? Buffer.concat([...this.#begun, data]) : data
    this.#begun = []
    this.#size = 0
    return whole
  }

  #checkLine(size) {
    if (size <= LONGEST_LINE) return
    throw new WeirError(`a line has ${size} bytes or more, and the longest allowed is ${LONGEST_LINE} (at byte ${this.#offset})`, { kind: 'limit', offset: this.#offset })
  }

  async #each(some) {
    const out = []
    for (let at = 0, end; at < some.length; at = end) {
      end = some.indexOf(10, at) + 1 || some.length
      this.#checkLine(end - at)
      let given = this.#work(some.subarray(at, end))
      if (typeof given?.then === 'function') given = await given
      if (given instanceof Uint8Array) out.push(given)
      else out.push(...(await piecesOf(given)))
      this.#offset += end - at
    }
    return [Buffer.concat(out)]
  }
}

/** What an async generator function makes of the stream: the library pushes pieces, the generator pulls them. */
class Generated {
  #work
  #begun = false
  #done = false
  #closed = false
  #failure
  #made = []
  #size = 0 // of what it made
  #input
  #turn

  constructor(work) {
    this.#work = work
  }

  async process(data) {
    await this.#untilItAsks()
    if (!this.#done) await this.#turnOf(() => this.#input.resolve(data))
    return this.#taken()
  }

  async finish() {
    await this.#untilItAsks()
    while (!this.#done) await this.#turnOf(() => this.#input.resolve(null))
    return this.#taken()
  }

  close() {
    this.#closed = true
    this.#input?.reject(new Stopped())
  }

  async #untilItAsks() {
    if (this.#begun) return
    this.#begun = true
    await this.#turnOf(() => this.#run())
  }

  #turnOf(action) {
    return new Promise((resolve) => {
      this.#turn = resolve
      action()
    })
  }

  #taken() {
    const made = this.#made
    this.#made = []
    this.#size = 0
    if (this.#failure) throw this.#failure.error
    return made
  }

  async *#pieces() {
    for (;;) {
      if (this.#closed) throw new Stopped()
      const next = new Promise((resolve, reject) => { this.#input = { resolve, reject } })
      next.catch(() => {})
      this.#turn()
      const piece = await next
      if (piece === null) return
      yield piece
    }
  }

  async #run() {
    try {
      for await (const piece of this.#work(this.#pieces())) {
        this.#made.push(piece)
        checkGiven(this.#size += piece?.byteLength ?? 0)
      }
    } catch (error) {
      this.#failure = { error }
    }
    this.#done = true
    this.#turn()
  }
}

module.exports = { OwnStages, Pieces, Lines, Generated, piecesOf }
