'use strict'
// Calls that wait: each on a thread of the addon's, a few of one context at once. What a context asks a program for keys may
// wait for calls of others.

const hosts = require('./hosts')

const AT_ONCE = 16
const lanes = new WeakMap() // by the addon's context

class Lane {
  #running = 0
  #queue = []

  async enter() {
    if (this.#running >= AT_ONCE) await new Promise((resolve) => this.#queue.push(resolve))
    else this.#running += 1
  }

  leave() {
    const next = this.#queue.shift()
    if (next) next()
    else this.#running -= 1
  }
}

function laneOf(context) {
  if (!lanes.has(context)) lanes.set(context, new Lane())
  return lanes.get(context)
}

/** `begin` gets the number that the answer comes with. It does not begin once `signal` is aborted. */
async function call(context, begin, signal) {
  const lane = laneOf(context)
  await lane.enter()
  hosts.hold(true)
  try {
    signal?.throwIfAborted()
    return await new Promise((resolve, reject) => {
      const id = hosts.keep({ called: (error, value) => (error ? reject(error) : resolve(value)) })
      try {
        begin(id)
      } catch (error) {
        hosts.forget(id)
        throw error
      }
    })
  } finally {
    hosts.hold(false)
    lane.leave()
  }
}

module.exports = { call }
