'use strict'
// Starting jobs.

const native = require('./native')
const { Job } = require('./job')
const { OwnStages } = require('./own-stage')
const { check, prepare } = require('./options')
const { nameOf } = require('./texts')

function startLine(pipeline, options, handles = {}) {
  const told = check(options)
  if (told.through !== undefined) throw new TypeError('a pipeline has its stages in it; `through` is for copies')
  const own = new OwnStages()
  const line = pipeline.render(own)
  const prepared = prepare(told, handles)
  return Job.start(own, (id) => own.start((ids) => native.start(false, line, undefined, prepared, id, ids)))
}

/** Starts a copy of one file or object. */
function start(source, destination, options) {
  const { pipelineOf } = require('./pipeline')
  const told = check(options)
  const own = new OwnStages()
  const through = told.through === undefined || told.through === '' ? undefined : pipelineOf(told.through).render(own)
  const names = [nameOf(source, 'source'), nameOf(destination, 'destination')]
  const prepared = prepare(told, { through })
  return Job.start(own, (id) => own.start((ids) => native.start(true, ...names, prepared, id, ids)))
}

module.exports = { startLine, start }
