'use strict'
// Calls that wait: each on a thread of the addon's, a few at once.

const hosts = require('./hosts')

const AT_ONCE = 16
let running = 0
const queue = []

/** `begin` gets the number that the answer comes with. */
async function call(begin) {
  if (running >= AT_ONCE) await new Promise((resolve) => queue.push(resolve))
  else running += 1
  hosts.hold(true)
  try {
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
    const next = queue.shift()
    if (next) next()
    else running -= 1
  }
}

module.exports = { call }
