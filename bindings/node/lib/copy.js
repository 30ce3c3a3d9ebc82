'use strict'

const { Writable } = require('node:stream')
const { pipeline } = require('node:stream/promises')
const { WeirError } = require('./errors')
const { Push, bytesOf } = require('./handles')
const { finish } = require('./job')
const { check } = require('./options')
const { pipe, words } = require('./pipeline')
const { start, startLine } = require('./start')
const { createReadStream } = require('./streams')
const { kindOf, placeOf, quoted } = require('./texts')

const isName = (value) => typeof value === 'string' || value instanceof URL

/** Copies one file or object, and gives the proof. */
async function copy(source, destination, options) {
  const { signal, onProgress, ...rest } = check(options)
  signal?.throwIfAborted()
  return finish(start(source, destination, rest), { signal, onProgress })
}

/** What can be stored, piece by piece: how long it is, if that is known, and whether its memory is ours alone. */
function piecesOf(source) {
  if (ArrayBuffer.isView(source) || source instanceof ArrayBuffer) {
    const bytes = bytesOf(source)
    return { pieces: [bytes], exactBytes: bytes.length }
  }
  if (source instanceof Blob) return { pieces: source.stream(), exactBytes: source.size, lend: 'ours' }
  if (source === null || typeof source !== 'object') throw refuse(source)
  if (source[Symbol.asyncIterator] || source[Symbol.iterator]) return { pieces: source }
  throw refuse(source)
}

function refuse(source) {
  const advice = typeof source === 'string' ? ': copy() takes names, and Buffer.from() makes bytes of text' : ''
  return new TypeError(`weir stores bytes, streams and iterables of bytes, not ${kindOf(source)}${advice}`)
}

/**
 * Stores bytes, a Blob, or what a stream or an iterable gives, piece by piece in bounded memory. If that throws, nothing is
 * stored, and the error goes on. A file: URL is a file.
 */
async function upload(source, destination, options) {
  const { signal, onProgress, through, lend: lent, ...rest } = check(options, ['lend'])
  signal?.throwIfAborted()
  if (source instanceof URL) return copy(source, destination, { signal, onProgress, through, ...rest })
  const { pieces, exactBytes, lend = Boolean(lent) } = piecesOf(source)
  const push = new Push(exactBytes)
  const stages = through === undefined || through === '' ? [] : [through]
  const job = startLine(pipe('push', ...stages, words(quoted(placeOf(destination)))), rest, { push: push.handle })
  push.job = job
  let failure
  const feeding = feed(push, pieces, lend, job).catch((error) => {
    failure = { error }
    job.suspend()
  })
  try {
    return await finish(job, { signal, onProgress })
  } catch (error) {
    throw failure && failure.error?.kind !== 'broken_pipe' && error?.kind === 'cancelled' ? failure.error : error
  } finally {
    push.free()
    void feeding
  }
}

/** Until the pieces or the job end: a source that gives nothing more does not hold up who waits for the job. */
async function feed(push, pieces, lend, job) {
  const iterator = pieces[Symbol.asyncIterator]?.() ?? pieces[Symbol.iterator]()
  let wake // of the piece that is waited for; Promise.race() would hold every piece until the job has ended
  let over = false
  job.ended().then(() => {
    over = true
    wake?.({ done: true })
  })
  const piece = () => new Promise((resolve, reject) => {
    wake = resolve
    Promise.resolve(iterator.next()).then(resolve, reject)
  })
  try {
    for (let next = await piece(); !next.done && !over; next = await piece()) await push.write(next.value, lend)
    if (!over) return push.close()
  } catch (error) {
    void stop(iterator)
    throw error
  }
  void stop(iterator)
}

async function stop(iterator) {
  try {
    await iterator.return?.()
  } catch {
    // Why the job ended is told already.
  }
}

/**
 * Reads a file or object. Into nothing: gives a Buffer. Into a name: gives the receipt, as copy(). Into a Uint8Array that is
 * large enough, or a stream: gives how many bytes came.
 */
async function download(source, destination, options) {
  if (options === undefined && isOptions(destination)) [destination, options] = [undefined, destination]
  if (isName(destination)) return copy(source, destination, options)
  const told = check(options)
  told.signal?.throwIfAborted()
  if (destination instanceof Writable) {
    let size = 0
    await pipeline(createReadStream(source, told), async function * (chunks) {
      for await (const chunk of chunks) {
        size += chunk.length
        yield chunk
      }
    }, destination)
    return size
  }
  if (destination === undefined) {
    const chunks = []
    await drain(source, told, (chunk) => chunks.push(Buffer.from(chunk)))
    return Buffer.concat(chunks)
  }
  if (!(destination instanceof Uint8Array)) throw new TypeError(`download() fills a name, a Uint8Array or a stream, not ${kindOf(destination)}`)
  return drain(source, told, filler(destination))
}

function isOptions(value) {
  return value !== null && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype
}

function filler(bytes) {
  return (chunk, at) => {
    if (at + chunk.length > bytes.length) throw new WeirError(`cannot read it into ${bytes.length} bytes: it is larger`, { kind: 'limit' })
    bytes.set(chunk, at)
  }
}

async function drain(source, { through, ...options }, take) {
  const stages = through === undefined || through === '' ? [] : [through]
  let size = 0
  for await (const chunk of pipe(words(quoted(placeOf(source))), ...stages).chunks(options)) {
    take(chunk, size)
    size += chunk.length
  }
  return size
}

module.exports = { copy, upload, download }
