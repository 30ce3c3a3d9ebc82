'use strict'

const { debuglog } = require('node:util')
const native = require('./native')
const hosts = require('./hosts')
const { kindOf, nameOf, optionalText } = require('./texts')

const KNOWN = ['threads', 'budgetBytes', 'ledger', 'stateDir', 'noSignRequest', 'credentials', 'logger', 's3EndpointUrl', 's3Region', 'awsProfile', 'caBundle', 'bytesPerSecond']
const KEYS_SECONDS = 60
const log = debuglog('weir')
const handles = new WeakMap()

function pathOf(value, what) {
  if (value === undefined || value === null) return undefined
  const path = nameOf(value, what)
  return value instanceof URL ? path.replace(/^file:/, '') : path
}

/** A thread of the library's waits for keys, and can be stopped by nobody. */
async function inTime(keys) {
  let timer
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`it has not answered within ${KEYS_SECONDS} seconds`)), KEYS_SECONDS * 1000).unref()
  })
  try {
    return await Promise.race([keys, late])
  } finally {
    clearTimeout(timer)
  }
}

/** A function that gives keys, as the addon asks it: the three texts, each with a NUL behind it. */
function keysOf(credentials) {
  return {
    async asked(_what, refused) {
      const keys = await inTime(credentials(refused))
      if (!keys) throw new Error('there are none')
      const { accessKeyId, secretAccessKey, sessionToken = '' } = keys
      return [Buffer.from([accessKeyId, secretAccessKey, sessionToken ?? ''].map((key) => `${key}\0`).join(''))]
    }
  }
}

/** Jobs of one context share connections, keys, threads, limits and the ledger. Sends nothing by itself. */
class Context {
  constructor(options = {}) {
    for (const name of Object.keys(options)) {
      if (!KNOWN.includes(name)) throw new TypeError(`there is no option ${name}; there are ${KNOWN.join(', ')}`)
    }
    const { credentials, logger } = options
    if (credentials !== undefined && typeof credentials !== 'function') throw new TypeError(`credentials is a function, not ${kindOf(credentials)}`)
    if (logger !== undefined && typeof logger !== 'function') throw new TypeError(`logger is a function, not ${kindOf(logger)}`)
    const told = {
      ...options,
      stateDir: pathOf(options.stateDir, 'stateDir'),
      caBundle: pathOf(options.caBundle, 'caBundle'),
      s3EndpointUrl: optionalText(options.s3EndpointUrl, 's3EndpointUrl'),
      s3Region: optionalText(options.s3Region, 's3Region'),
      awsProfile: optionalText(options.awsProfile, 'awsProfile')
    }
    const lines = hosts.keep({ line: logger ?? ((line) => log('%s', line)) })
    const keys = credentials && hosts.keep(keysOf(credentials))
    try {
      handles.set(this, native.contextNew(told, lines, keys))
    } catch (error) {
      for (const id of [lines, keys]) hosts.forget(id)
      throw error
    }
  }

  /** Its jobs go on. */
  close() {
    native.contextFree(handles.get(this))
  }
}

let shared

/** The one that calls without a context share. Made when first needed. */
function defaultContext() {
  shared ??= new Context()
  return shared
}

/** What calls without a context use from now on; undefined: a new one when next needed. */
function setDefaultContext(context) {
  if (context !== undefined && !(context instanceof Context)) throw new TypeError(`a context is a Context, not ${kindOf(context)}`)
  shared = context
}

function handleOf(context) {
  const handle = handles.get(context ?? defaultContext())
  if (handle === undefined) throw new TypeError(`context is a Context, not ${kindOf(context)}`)
  return handle
}

module.exports = { Context, defaultContext, setDefaultContext, handleOf }
