'use strict'
// What the library holds of ours: objects by number, until it releases them; and what it tells them.

const native = require('./native')
const { WeirError } = require('./errors')

const held = new Map()
let last = 0

/** The number that stands for it. Methods that it may have: ended(), released(), called(error, value), line(text),
 * asked(what, data) → bytes, or a promise of them. */
function keep(object) {
  held.set(++last, object)
  return last
}

function forget(id) {
  held.delete(id)
}

async function answer(object, request, what, data) {
  try {
    const pieces = await object.asked(what, data, request)
    native.answer(request, null, pieces)
  } catch (error) {
    native.answer(request, describe(error).replaceAll('\0', '?').slice(0, 4096))
  }
}

function describe(error) {
  try {
    if (!(error instanceof Error)) return `it threw ${typeof error === 'symbol' ? 'a symbol' : String(error)}`
    return error.message ? `${error.name}: ${error.message}` : String(error.name)
  } catch {
    return 'it threw what has no text'
  }
}

const told = {
  ended: (object) => object.ended(),
  released(object, id) {
    forget(id)
    object.released?.()
  },
  called(object, id, error, value) {
    forget(id)
    object.called(error, value)
  },
  log: (object, id, line) => object.line(line)
}

native.begin((what, id, ...values) => {
  if (what === 'asked') {
    const [host, question, data] = values
    const object = held.get(host)
    if (object) answer(object, id, question, data)
    else native.answer(id, 'it is gone')
    return
  }
  const object = held.get(id)
  if (object) told[what](object, id, ...values)
}, WeirError)

// Jobs that run are suspended, and waited for: what they began is removed, or safe.
process.once('exit', () => native.shutDown())

module.exports = { keep, forget, describe, hold: native.hold, count: () => held.size }
