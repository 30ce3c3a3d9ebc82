'use strict'
// WHATWG streams, with the same rule: nothing is read that nobody has asked for.

const { ReadableStream, WritableStream } = require('node:stream/web')
const { Push, Pull } = require('./handles')
const { pipe, Pipeline, words } = require('./pipeline')
const { startLine } = require('./start')
const { check } = require('./options')
const { placeOf, quoted } = require('./texts')

const CHUNK_BYTES = 256 << 10
const WRITE_BYTES = 1 << 20

function parts(options) {
  const { signal, through, ...rest } = check(options, ['exactBytes'])
  signal?.throwIfAborted()
  return { signal, through: through === undefined || through === '' ? [] : [through], rest }
}

function onAbort(signal, action) {
  if (signal?.aborted) action()
  else signal?.addEventListener('abort', action, { once: true })
  return () => signal?.removeEventListener('abort', action)
}

/** Reads a place, or what comes out of a pipeline, as a ReadableStream of bytes; it serves BYOB readers too. */
function openReadable(from, options) {
  const { signal, through, rest } = parts(options)
  const pull = new Pull()
  const begin = from instanceof Pipeline ? from : words(quoted(placeOf(from)))
  const job = startLine(pipe(begin, ...through, 'pull'), rest, { pull: pull.handle }).unref()
  pull.job = job
  let stopped = false
  let forget = () => {}
  const end = () => {
    stopped = true
    forget()
    pull.free()
    return job.ref().stop()
  }
  return new ReadableStream({
    type: 'bytes',
    autoAllocateChunkSize: CHUNK_BYTES,
    start(controller) {
      forget = onAbort(signal, () => {
        end()
        controller.error(signal.reason)
      })
    },
    async pull(controller) {
      const { byobRequest } = controller
      const { buffer, byteOffset, byteLength } = byobRequest.view
      const size = await pull.readInto(new Uint8Array(buffer, byteOffset, byteLength)).catch((error) => {
        forget()
        throw error
      })
      if (stopped) return
      if (size === 0) {
        forget()
        controller.close()
      }
      byobRequest.respond(size)
    },
    cancel: end
  }, { highWaterMark: 0 })
}

/** Writes a place, through stages, as a WritableStream. close() is done when the place has the whole, with proof. */
function openWritable(name, options) {
  const { signal, through, rest } = parts(options)
  const { exactBytes, ...told } = rest
  const push = new Push(exactBytes)
  const job = startLine(pipe('push', ...through, words(quoted(placeOf(name)))), told, { push: push.handle }).unref()
  push.job = job
  let forget = () => {}
  let aborted = () => undefined // why
  const stop = () => {
    forget()
    push.free()
    return job.ref().stop()
  }
  const sink = {
    start(controller) {
      forget = onAbort(signal, () => {
        controller.error(signal.reason)
        stop()
      })
      job.ended().then(() => forget())
      job.result().catch((error) => controller.error(error))
      controller.signal.addEventListener('abort', stop, { once: true }) // abort() below waits for a write under way
      aborted = () => controller.signal.reason
    },
    write: (chunk) => push.write(chunk).catch((error) => { throw aborted() ?? error }),
    async close() {
      try {
        push.close()
      } catch (error) {
        await push.explain(error)
      }
      await job.ref().result()
    },
    abort: stop
  }
  return new WritableStream(sink, { highWaterMark: WRITE_BYTES, size: (chunk) => chunk?.byteLength ?? 1 })
}

module.exports = { openReadable, openWritable }
