'use strict'
// Many files and objects in one call: trees, patterns, lists of names.

const native = require('./native')
const hosts = require('./hosts')
const { WeirError } = require('./errors')
const { check, prepare } = require('./options')
const { kindOf, nameOf, text } = require('./texts')

const UPDATES = ['all', 'sizeAndTime', 'checksum']
const HOW = ['recursive', 'globs', 'update', 'dryRun', 'files', 'filters', 'onItem']
const KEPT_FAILURES = 100 // for who asks; all are counted, and told to onItem
const PROGRESS_MS = 100

function howOf({ recursive, globs, update = 'all', dryRun, files, filters = [], onItem }) {
  if (!UPDATES.includes(update)) throw new TypeError(`update is one of ${UPDATES.join(', ')}, not ${String(update)}`)
  if (onItem !== undefined && typeof onItem !== 'function') throw new TypeError(`onItem is a function, not ${kindOf(onItem)}`)
  return {
    recursive, globs, dryRun, files,
    update: UPDATES.indexOf(update),
    filters: [...filters].flatMap(([what, pattern]) => [text(what, 'filter'), text(pattern, 'filter')])
  }
}

/** Whether there were failures is known at the end alone: one that fails stops no other. */
function incomplete(summary, failures) {
  const of = summary.copied + summary.kept + summary.planned + summary.failed + summary.skipped
  return new WeirError(`${summary.failed} of ${of} were not copied; the first: ${failures[0]?.error?.message}`, { kind: 'incomplete', summary, failures })
}

/** Copies files, objects, trees (`recursive`) and patterns (`globs`) to one place, several at once; deletes nothing. */
async function copyMany(sources, destination, options) {
  const told = check(options, HOW)
  const { signal, onItem, onProgress } = told
  if (told.through !== undefined) throw new TypeError('copies of many go through no stages: copy() does')
  signal?.throwIfAborted()
  const names = (typeof sources === 'string' || Buffer.isBuffer(sources) || sources instanceof URL ? [sources] : [...sources]).map((name) => nameOf(name, 'source'))
  const to = nameOf(destination, 'destination')
  const [how, prepared] = [howOf(told), prepare(told)]
  const failures = []
  let stopped
  let copies
  const stop = (error) => {
    stopped ??= { error }
    native.copiesSuspend(copies)
  }
  const careful = (action) => {
    try {
      action()
    } catch (error) {
      stop(error)
    }
  }
  const id = hosts.keep({
    asked(_what, item) {
      if (item.error && failures.length < KEPT_FAILURES) failures.push(item)
      if (onItem && !stopped) careful(() => onItem(item))
      return []
    }
  })
  try {
    copies = native.copiesStart(names, to, how, prepared, id)
  } catch (error) {
    hosts.forget(id)
    throw error
  }
  const abort = () => stop(signal.reason)
  signal?.addEventListener('abort', abort, { once: true })
  const timer = onProgress && setInterval(() => careful(() => onProgress(native.copiesProgress(copies))), PROGRESS_MS)
  hosts.hold(true)
  try {
    const summary = await new Promise((resolve, reject) => {
      native.copiesWait(hosts.keep({ called: (error, value) => (error ? reject(error) : resolve(value)) }), copies)
    })
    if (stopped) throw stopped.error
    onProgress?.(summary)
    if (summary.failed > 0) throw incomplete(summary, failures)
    return summary
  } catch (error) {
    throw stopped ? stopped.error : error
  } finally {
    native.copiesFree(copies)
    hosts.hold(false)
    clearInterval(timer)
    signal?.removeEventListener('abort', abort)
  }
}

module.exports = { copyMany }
