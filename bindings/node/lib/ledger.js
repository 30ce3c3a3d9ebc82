'use strict'
// What was not finished: uploads and downloads that were killed, suspended or failed.

const native = require('./native')
const { call } = require('./calls')
const { handleOf } = require('./context')
const { Job } = require('./job')
const { prepare } = require('./options')
const { OwnStages } = require('./own-stage')
const { ask, read } = require('./store')

class Unfinished {
  #context

  constructor(told, context) {
    Object.assign(this, told)
    this.#context = context
  }

  /** Goes on with it, as it was started; gives its Job. Its context has `ledger`. */
  async resume() {
    const prepared = prepare({ context: this.#context })
    return Job.startLater(new OwnStages(), (job) => call(prepared.context, (id) =>
      native.call(id, prepared.context, 'resume', undefined, undefined, this.id, job, prepared)))
  }

  /** Removes from the store what was sent of it, and the job from the ledger. */
  async abort() {
    await ask({ context: this.#context }, 'abort', undefined, undefined, this.id)
  }
}

/** Oldest first. */
async function unfinished(options) {
  const told = read(options)
  handleOf(told.context)
  return (await ask(told, 'unfinished')).map((one) => new Unfinished(one, told.context))
}

module.exports = { Unfinished, unfinished }
