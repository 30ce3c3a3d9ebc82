'use strict'

// Codes as Node's own errors have them, where one fits.
const CODES = {
  invalid_argument: 'EINVAL',
  not_found: 'ENOENT',
  already_exists: 'EEXIST',
  access_denied: 'EACCES',
  no_space: 'ENOSPC',
  io: 'EIO',
  timeout: 'ETIMEDOUT',
  protocol: 'EPROTO',
  unsupported: 'ENOTSUP',
  broken_pipe: 'EPIPE',
  cancelled: 'ECANCELED',
  no_memory: 'ENOMEM'
}

/** What went wrong, in full. Decide by `code` or `kind` and by `retry`, never by the text. */
class WeirError extends Error {
  constructor(message, fields = {}) {
    super(message)
    this.kind = 'internal'
    this.retry = 0
    this.httpStatus = 0
    this.offset = null
    this.retryAfterMs = null
    this.neededBytes = 0
    this.keptBytes = 0
    for (const name of ['operation', 'reason', 'advice', 'stage', 'serviceCode', 'requestId']) this[name] = ''
    Object.assign(this, fields)
    this.code = CODES[this.kind] ?? `ERR_WEIR_${this.kind.toUpperCase()}`
  }

  get name() {
    return 'WeirError'
  }
}

/** What may be done about an error. */
const Retry = Object.freeze({ NEVER: 0, TRANSIENT: 1, THROTTLED: 2, CREDENTIALS: 3, CLOCK: 4 })

function invalid(message) {
  return new WeirError(message, { kind: 'invalid_argument' })
}

module.exports = { WeirError, Retry, invalid }
