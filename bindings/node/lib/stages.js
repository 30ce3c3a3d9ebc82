'use strict'
// The pieces that pipelines are made of. docs/stages.md of weir has all that the library brings; stage() makes any of them.

const { own, words } = require('./pipeline')
const { Pieces, Lines, Generated } = require('./own-stage')
const { kindOf, nameOf, placeOf, quoted, join, text } = require('./texts')

/** A place to read from: s3://bucket/key, a path, https://..., gen:1GiB. */
function source(name) {
  return words(quoted(placeOf(name)))
}

/** A file, whatever its name looks like. */
function file(path) {
  const name = nameOf(path, 'path')
  const isFile = name.slice(0, 5).toString() === 'file:'
  return words(quoted(isFile ? name : join(['file:', name], '')))
}

/** Any stage by its name: stage('grep', 'ERROR', { invert: true }), stage('zstd', { level: 3 }). */
function stage(name, ...given) {
  const rest = given.filter((word) => word !== undefined)
  const options = typeof rest.at(-1) === 'object' && !Buffer.isBuffer(rest.at(-1)) ? rest.pop() : {}
  const line = [text(name, 'name of the stage'), ...rest.map((word) => quoted(word instanceof Buffer ? word : text(String(word), 'word')))]
  for (const [key, value] of Object.entries(options)) {
    const word = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    if (value === true) line.push(word)
    else if (value !== undefined && value !== null && value !== false) line.push(`${word}=${quoted(text(String(value), key))}`)
  }
  return words(join(line, ' '))
}

const lines = () => stage('lines')
const grep = (pattern, options) => stage('grep', pattern, options)
const zstd = (options) => stage('zstd', options)
const unzstd = () => stage('unzstd')
const gzip = (options) => stage('gzip', options)
const gunzip = () => stage('gunzip')
const sha256 = () => stage('sha256')
const tee = (...places) => words(join(['tee', ...places.map((name) => quoted(placeOf(name)))], ' '))

function checked(work) {
  if (typeof work !== 'function') throw new TypeError(`a stage is a function, not ${kindOf(work)}`)
  return work
}

/** The lines, with their ends, for which `keep` gives something true. */
function filter(keep) {
  checked(keep)
  const kept = (line) => {
    const is = keep(line)
    return typeof is?.then === 'function' ? is.then((later) => (later ? line : null)) : is ? line : null
  }
  return own(() => new Lines(kept), true)
}

/** What `change` makes of each line, with its end: bytes, nothing, or several of them. */
function map(change) {
  checked(change)
  return own(() => new Lines(change), true)
}

/** What `work` makes of each piece of the stream, cut as it happens to come: 256 KiB as a rule. */
function pieces(work) {
  checked(work)
  return own(() => new Pieces(work))
}

/** What an async generator function makes of the stream: it gets an async iterable of pieces, and yields bytes. */
function generate(work) {
  checked(work)
  return own(() => new Generated(work))
}

/** A stage with process(data), finish() and close(), made anew for each job. */
function custom(make) {
  checked(make)
  return own(make)
}

module.exports = { source, to: source, file, stage, lines, grep, zstd, unzstd, gzip, gunzip, sha256, tee, filter, map, pieces, generate, custom }
