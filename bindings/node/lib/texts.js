'use strict'
// Texts on their way into the library.

const { fileURLToPath } = require('node:url')
const { invalid } = require('./errors')

const LONGEST = 1 << 20
const LONE_SURROGATE = /\p{Surrogate}/u
const PLAIN = /^[A-Za-z0-9_./:=@%+,-]+$/

/** A string that the library can take. */
function text(value, what) {
  if (typeof value !== 'string') throw new TypeError(`the ${what} is a string, not ${kindOf(value)}`)
  if (value.length > LONGEST) throw invalid(`cannot take the ${what}: it is longer than 1 MiB`)
  if (value.includes('\0')) throw invalid(`cannot take the ${what}: it has a NUL in it`)
  if (LONE_SURROGATE.test(value)) throw invalid(`cannot take the ${what}: it has half of a surrogate pair in it`)
  return value
}

function optionalText(value, what) {
  return value === undefined || value === null ? undefined : text(value, what)
}

function kindOf(value) {
  if (value === null) return 'null'
  return typeof value === 'object' ? value.constructor?.name ?? 'an object' : typeof value
}

/**
 * Names are as people type them: s3://bucket/key, file:PATH, PATH. A file: URL is a file, whatever it is called; a Buffer
 * holds a name that is no UTF-8.
 */
function nameOf(name, what = 'name') {
  if (name instanceof URL) return name.protocol === 'file:' ? `file:${text(fileURLToPath(name), what)}` : text(name.href, what)
  if (Buffer.isBuffer(name)) {
    if (name.length === 0 || name.includes(0)) throw invalid(`cannot take the ${what}: it is empty, or has a NUL in it`)
    return name
  }
  if (text(name, what) === '') throw invalid(`cannot take the ${what}: it is empty`)
  return name
}

/** A name that no pipeline takes for a stage: a file that is called "count" is a file. */
function placeOf(name) {
  const given = nameOf(name)
  if (Buffer.isBuffer(given)) return given.includes(':') || given.equals(Buffer.from('-')) ? given : Buffer.concat([Buffer.from('file:'), given])
  return given.includes(':') || given === '-' ? given : `file:${given}`
}

/** One word of a line of text. */
function quoted(word) {
  if (Buffer.isBuffer(word)) return Buffer.from(quoted(word.toString('latin1')), 'latin1')
  return PLAIN.test(word) ? word : `"${word.replace(/[\\"]/g, '\\$&')}"`
}

/** Joins words that are strings or Buffers. */
function join(words, between) {
  if (words.every((word) => typeof word === 'string')) return words.join(between)
  return Buffer.concat(words.flatMap((word, at) => (at === 0 ? [Buffer.from(word)] : [Buffer.from(between), Buffer.from(word)])))
}

/** Async generator functions get the whole stream, other functions its pieces. */
function isGenerator(work) {
  return Object.prototype.toString.call(work) === '[object AsyncGeneratorFunction]'
}

module.exports = { isGenerator, text, optionalText, kindOf, nameOf, placeOf, quoted, join }
