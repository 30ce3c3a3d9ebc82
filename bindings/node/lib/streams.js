'use strict'
// Node's streams. What is destroyed stops its job, and what the job had begun is removed before 'close'.

const { Readable, Writable, Duplex, addAbortSignal } = require('node:stream')
const { Push, Pull } = require('./handles')
const { pipe, pipelineOf, words } = require('./pipeline')
const { check } = require('./options')
const { startLine } = require('./start')
const { placeOf, quoted } = require('./texts')

const WRITE_BYTES = 1 << 20
const READ_BYTES = 256 << 10
const SMALL = 16 << 10 // many of them are handed over as one

/** What belongs to Node's streams, and what to the job. */
function split(options, ...known) {
  const { highWaterMark, encoding, signal, through, lend, exactBytes, ...rest } = check(options, ['highWaterMark', ...known])
  return { stream: { highWaterMark, encoding }, signal, through: through === undefined || through === '' ? [] : [through], lend, exactBytes, rest }
}

function startWith(stream, pipeline, rest, push, pull) {
  stream.job = startLine(pipeline, rest, { push: push?.handle, pull: pull?.handle }).unref()
  for (const handle of [push, pull]) if (handle) handle.job = stream.job
}

function destroyWith(stream, handles, error, done) {
  for (const handle of handles) handle.free()
  stream.job.ref().stop().then(() => done(error))
}

const read = (stream, pull) => pull.chunk().then((chunk) => stream.destroyed || stream.push(chunk), (error) => stream.destroy(error))

const written = (promise, done) => promise.then(() => done(), done)

async function writeAll(push, chunks, lend) {
  const size = chunks.reduce((sum, { chunk }) => sum + chunk.length, 0)
  if (size < chunks.length * SMALL) return push.write(Buffer.concat(chunks.map(({ chunk }) => chunk), size), 'ours')
  for (const { chunk } of chunks) await push.write(chunk, lend)
}

class Reading extends Readable {
  #pull = new Pull()

  constructor(from, options) {
    const { stream, signal, through, rest } = split(options, 'encoding')
    super({ highWaterMark: READ_BYTES, ...defined(stream) })
    startWith(this, pipe(from, ...through, 'pull'), rest, undefined, this.#pull)
    if (signal) addAbortSignal(signal, this)
  }

  _read() {
    read(this, this.#pull)
  }

  _destroy(error, done) {
    destroyWith(this, [this.#pull], error, done)
  }
}

class Writing extends Writable {
  #push
  #lend
  /** The proof, once 'finish' was emitted. */
  receipt = null

  constructor(name, options) {
    const { stream, signal, through, lend, exactBytes, rest } = split(options, 'lend', 'exactBytes')
    super({ highWaterMark: WRITE_BYTES, ...defined(stream) })
    this.#push = new Push(exactBytes)
    this.#lend = Boolean(lend)
    startWith(this, pipe('push', ...through, words(quoted(placeOf(name)))), rest, this.#push)
    this.job.result().catch((error) => this.destroy(error)) // also while nothing is written
    if (signal) addAbortSignal(signal, this)
  }

  _write(chunk, _encoding, done) {
    written(this.#push.write(chunk, this.#lend), done)
  }

  _writev(chunks, done) {
    written(writeAll(this.#push, chunks, this.#lend), done)
  }

  _final(done) {
    written(this.#finish(), done)
  }

  async #finish() {
    try {
      this.#push.close()
    } catch (error) {
      await this.#push.explain(error)
    }
    this.receipt = await this.job.ref().result()
  }

  _destroy(error, done) {
    destroyWith(this, [this.#push], error, done)
  }
}

class Through extends Duplex {
  #push = new Push()
  #pull = new Pull()

  constructor(stages, options) {
    if (options?.through !== undefined) throw new TypeError('a transform has its stages in it; `through` is for places')
    const { stream, signal, rest } = split(options)
    super({ writableHighWaterMark: WRITE_BYTES, readableHighWaterMark: READ_BYTES, ...defined(stream) })
    startWith(this, pipe('push', pipelineOf(stages), 'pull'), rest, this.#push, this.#pull)
    if (signal) addAbortSignal(signal, this)
  }

  _read() {
    read(this, this.#pull)
  }

  _write(chunk, _encoding, done) {
    written(this.#push.write(chunk), done)
  }

  _writev(chunks, done) {
    written(writeAll(this.#push, chunks, false), done)
  }

  _final(done) {
    written((async () => this.#push.close())().catch((error) => this.#push.explain(error)), done)
  }

  _destroy(error, done) {
    destroyWith(this, [this.#push, this.#pull], error, done)
  }
}

function defined(options) {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

/** Reads a place, through stages, as a stream.Readable. */
function createReadStream(name, options) {
  return new Reading(words(quoted(placeOf(name))), options)
}

/** Writes a place, through stages, as a stream.Writable. It has 'finish' when the place has the whole, with proof. */
function createWriteStream(name, options) {
  return new Writing(name, options)
}

/** Stages as a stream.Duplex, for stream.pipeline(). */
function createTransform(stages, options) {
  return new Through(stages, options)
}

module.exports = { Reading, createReadStream, createWriteStream, createTransform }
