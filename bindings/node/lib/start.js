'use strict'
// Starting jobs.

const native = require('./native')
const { Job, watched } = require('./job')
const { OwnStages } = require('./own-stage')
const { check, prepare } = require('./options')
const { nameOf } = require('./texts')

/** `signal` and `onProgress` are seen to, of both. */
function startLine(pipeline, options, handles = {}) {
  const told = check(options)
  told.signal?.throwIfAborted()
  if (told.through !== undefined) throw new TypeError('a pipeline has its stages in it; `through` is for copies')
  const own = new OwnStages()
  const line = pipeline.render(own)
  const prepared = prepare(told, handles)
  return watched(Job.start(own, (id) => own.start((ids) => native.start(false, line, undefined, prepared, id, ids))), told)
}

/** Starts a copy of one file or object. */
function start(source, destination, options) {
  const { pipelineOf } = require('./pipeline')
  const told = check(options)
  told.signal?.throwIfAborted()
  const own = new OwnStages()
  const through = told.through === undefined || told.through === '' ? undefined : pipelineOf(told.through).render(own)
  const names = [nameOf(source, 'source'), nameOf(destination, 'destination')]
  const prepared = prepare(told, { through })
  return watched(Job.start(own, (id) => own.start((ids) => native.start(true, ...names, prepared, id, ids))), told)
}

module.exports = { startLine, start }
