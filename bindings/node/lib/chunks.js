'use strict'
// Reading without a copy.

const { Pull } = require('./handles')
const { check } = require('./options')
const { finish } = require('./job')
const { startLine } = require('./start')

/**
 * What comes out of `pipeline`, which ends with `pull`, chunk by chunk in the job's own memory: each is detached when the next
 * is asked for, since the job is to run on in the memory that it has.
 */
async function * lentChunks(pipeline, options) {
  const { signal, onProgress, ...rest } = check(options)
  signal?.throwIfAborted()
  const pull = new Pull()
  const job = pull.job = startLine(pipeline, rest, { pull: pull.handle })
  const watched = finish(job, { signal, onProgress })
  watched.catch(() => {})
  let chunk = null
  try {
    while ((chunk = await pull.lent()) !== null) {
      yield chunk
      pull.giveBack(chunk)
    }
  } catch (error) {
    if (error?.kind === 'cancelled') await watched // says why
    throw error
  } finally {
    if (chunk) pull.giveBack(chunk)
    pull.free()
    await job.stop() // where it was left early; it has ended else
  }
  await watched
}

module.exports = { lentChunks }
