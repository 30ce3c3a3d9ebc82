'use strict'

const native = require('./native')
const hosts = require('./hosts')

const STEER = { pause: 0, resume: 1, cancel: 2, suspend: 3 }
const PROGRESS_MS = 100

/** A pipeline at work. Made by start(), copies and Pipeline.start(). */
class Job {
  #handle
  #own // stages written in JavaScript
  #ended
  #tellEnd
  #answer
  #holds = false
  #wasTold = false // of its end
  #stopped // by the program, and why

  /** `start` gets the number of the job and gives the addon's handle, or a promise of it. */
  constructor(own) {
    this.#own = own
    this.#ended = new Promise((resolve) => { this.#tellEnd = resolve })
  }

  static start(own, begin) {
    const job = new Job(own)
    const id = job.#keep()
    try {
      job.#handle = begin(id)
    } catch (error) {
      hosts.forget(id)
      throw own.explain(error)
    }
    job.ref()
    return job
  }

  static async startLater(own, begin) {
    const job = new Job(own)
    const id = job.#keep()
    try {
      job.#handle = await begin(id)
    } catch (error) {
      hosts.forget(id)
      throw error
    }
    job.ref()
    return job
  }

  #keep() {
    return hosts.keep({
      ended: () => {
        this.#own.end()
        this.#wasTold = true
        this.#tellEnd()
        this.unref()
      }
    })
  }

  /** A job that runs keeps the program running. */
  ref() {
    if (!this.#holds && !this.#wasTold) {
      native.hold(true)
      this.#holds = true
    }
    return this
  }

  unref() {
    if (this.#holds) native.hold(false)
    this.#holds = false
    return this
  }

  #look() {
    if (this.#answer === undefined) {
      try {
        const receipt = native.jobAnswer(this.#handle)
        if (receipt !== undefined) this.#answer = { receipt }
      } catch (error) {
        this.#answer = this.#stopped ?? { error: this.#own.explain(error) }
      }
    }
    return this.#answer
  }

  #isOver() {
    return this.#look() !== undefined
  }

  /** It has ended, well or not. */
  get done() {
    return this.#isOver()
  }

  /** Waits for its end, however it ends. Never rejects. */
  async ended() {
    await this.#ended
  }

  /** The proof, or why it failed. The same each time. */
  async result() {
    await this.#ended
    const { receipt, error } = this.#look()
    if (error) throw error
    return receipt
  }

  progress() {
    return native.jobProgress(this.#handle)
  }

  #steer(way) {
    if (!this.#isOver()) native.jobSteer(this.#handle, STEER[way])
  }

  /** Takes nothing more from the source and starts no new request; what is under way ends. */
  pause() {
    this.#steer('pause')
  }

  resume() {
    this.#steer('resume')
  }

  /** Stops, and removes what was begun; result() then rejects. Does not wait for that. */
  cancel() {
    this.#steer('cancel')
    this.#own.end()
  }

  /** As cancel, but an upload with a ledger stays at the store: the same call goes on with it. */
  suspend() {
    this.#steer('suspend')
    this.#own.end()
  }

  /** Suspends it; result() rejects with `error`. */
  stopFor(error) {
    if (!this.#isOver()) this.#stopped ??= { error }
    this.suspend()
  }

  /** Suspends it, and waits until what was begun is removed, or safe. */
  async stop() {
    this.suspend()
    await this.#ended
  }

  /** Snapshots until its end; the last one is of the end. result() says how it ended. */
  async *watch(intervalMs = PROGRESS_MS) {
    let wake
    this.#ended.then(() => wake?.())
    while (!this.#isOver()) {
      yield this.progress()
      if (this.#wasTold) break
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, intervalMs)
        wake = () => resolve(clearTimeout(timer))
      })
    }
    yield this.progress()
  }

  [Symbol.asyncIterator]() {
    return this.watch()
  }
}

/** The result of a job that may be aborted, and is watched on its way. What onProgress throws stops it. */
async function finish(job, { signal, onProgress } = {}) {
  const report = () => {
    try {
      onProgress(job.progress())
    } catch (error) {
      job.stopFor(error)
    }
  }
  const abort = () => job.stopFor(signal.reason)
  const timer = onProgress && setInterval(report, PROGRESS_MS).unref() // the job keeps the program running, or does not
  if (signal?.aborted) abort()
  signal?.addEventListener('abort', abort, { once: true })
  try {
    const receipt = await job.result()
    if (onProgress) onProgress(job.progress())
    return receipt
  } finally {
    clearInterval(timer)
    signal?.removeEventListener('abort', abort)
  }
}

/** Of a job that nobody waits for here: result() says how it ended. */
function watched(job, options) {
  if (options.signal || options.onProgress) finish(job, options).catch(() => {})
  return job
}

module.exports = { Job, finish, watched }
