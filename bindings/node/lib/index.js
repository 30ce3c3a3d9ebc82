'use strict'

const native = require('./native')
const { WeirError, Retry } = require('./errors')
const { Context, defaultContext, setDefaultContext } = require('./context')
const { Job } = require('./job')
const { Pipeline, pipe } = require('./pipeline')
const { start } = require('./start')
const { createReadStream, createWriteStream, createTransform } = require('./streams')
const { Unfinished, unfinished } = require('./ledger')
const { head, remove, copyInside, presign, list } = require('./store')

module.exports = {
  ...require('./copy'),
  ...require('./many'),
  ...require('./stages'),
  ...require('./web'),
  version: native.version,
  features: native.features.split(' '),
  WeirError, Retry,
  Context, defaultContext, setDefaultContext,
  Job, start, Pipeline, pipe,
  createReadStream, createWriteStream, createTransform,
  head, remove, copyInside, presign, list,
  Unfinished, unfinished
}
