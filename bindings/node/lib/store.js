'use strict'
// Objects by name: look at them, list, remove, copy inside a store, give URLs to anyone.

const native = require('./native')
const { call } = require('./calls')
const { handleOf } = require('./context')
const { kindOf, nameOf, text } = require('./texts')

/** A path is a path here: a store has no need of "file:". */
function storeName(name) {
  const given = nameOf(name)
  return name instanceof URL ? given.replace(/^file:/, '') : given
}

function read(options, ...known) {
  if (options === undefined) return {}
  if (options === null || typeof options !== 'object') throw new TypeError(`options are an object, not ${kindOf(options)}`)
  for (const name of Object.keys(options)) {
    if (![...known, 'context', 'signal'].includes(name)) throw new TypeError(`there is no option ${name}`)
  }
  return options
}

/** A call that has begun at the store is not taken back by `signal`; nobody waits for it. */
function ask(options, what, first, second, number) {
  const { context, signal } = options
  signal?.throwIfAborted()
  const handle = handleOf(context)
  return abortable(call(handle, (id) => native.call(id, handle, what, first, second, number), signal), signal)
}

function abortable(answer, signal) {
  if (signal === undefined) return answer
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

/** What the store says of an object; ENOENT where there is none. */
async function head(name, options) {
  return ask(read(options), 'head', storeName(name))
}

/** No error where there was nothing. */
async function remove(name, options) {
  await ask(read(options), 'remove', storeName(name))
}

/** A copy that the store makes by itself; ENOTSUP where it cannot, and copy() can. */
async function copyInside(source, destination, options) {
  return ask(read(options), 'copyInside', storeName(source), storeName(destination))
}

/** A URL that lets anyone do `method` for so many seconds. */
async function presign(name, options) {
  const { method = 'GET', seconds = 3600, ...rest } = read(options, 'method', 'seconds')
  return ask(rest, 'presign', storeName(name), text(method, 'method'), seconds)
}

/** What begins with `prefix`, in the store's order, as it comes; `folders` folds what lies below the next "/". */
async function * list(prefix, options) {
  const { context, signal, folders } = read(options, 'folders')
  const handle = handleOf(context)
  const listing = native.listNew(handle, storeName(prefix), Boolean(folders))
  for (;;) {
    signal?.throwIfAborted()
    const some = await abortable(call(handle, (id) => native.listNext(id, listing), signal), signal)
    for (const entry of some) {
      signal?.throwIfAborted()
      yield entry
    }
    if (some.length < 500) return
  }
}

module.exports = { head, remove, copyInside, presign, list, ask, read }
