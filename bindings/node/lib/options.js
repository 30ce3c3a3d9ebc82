'use strict'
// What a job may be told, in one place.

const { handleOf } = require('./context')
const { kindOf, optionalText, text } = require('./texts')

const KNOWN = ['context', 'through', 'noClobber', 'budgetBytes', 'contentType', 'metadata', 'partBytes', 'concurrency', 'beginAnew', 'readOffset', 'readBytes', 'readEtag', 'signal', 'onProgress']

/** Refuses what there is not: a slip of the pen is no default. */
function check(options, more = []) {
  if (options === undefined) return {}
  if (options === null || typeof options !== 'object') throw new TypeError(`options are an object, not ${kindOf(options)}`)
  for (const name of Object.keys(options)) {
    if (!KNOWN.includes(name) && !more.includes(name)) throw new TypeError(`there is no option ${name}; there are ${[...KNOWN, ...more].join(', ')}`)
  }
  const { signal, onProgress } = options
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw new TypeError(`signal is an AbortSignal, not ${kindOf(signal)}`)
  if (onProgress !== undefined && typeof onProgress !== 'function') throw new TypeError(`onProgress is a function, not ${kindOf(onProgress)}`)
  return options
}

function metadataOf(metadata) {
  if (metadata === undefined || metadata === null) return []
  return Object.entries(metadata).flatMap(([name, value]) => [text(name, 'name of metadata'), text(value, 'metadata')])
}

/** Options as the addon reads them. */
function prepare(options, more) {
  return {
    context: handleOf(options.context),
    noClobber: Boolean(options.noClobber),
    beginAnew: Boolean(options.beginAnew),
    budgetBytes: options.budgetBytes,
    partBytes: options.partBytes,
    concurrency: options.concurrency,
    readOffset: options.readOffset,
    readBytes: options.readBytes,
    readEtag: optionalText(options.readEtag, 'etag'),
    contentType: optionalText(options.contentType, 'content type'),
    metadata: metadataOf(options.metadata),
    ...more
  }
}

module.exports = { check, prepare }
