'use strict'

const { check } = require('./options')
const { startLine } = require('./start')
const { isGenerator, kindOf, text, join } = require('./texts')
const { Pieces, Generated } = require('./own-stage')

const NAME = 'node' // of all stages written in JavaScript

/**
 * Places and stages, one behind the other: pipe(file('log.txt'), lines(), filter(fn), to('s3://bucket/errors.txt')). A pipeline
 * never changes: pipe() makes a new one, so a piece of one is used as often as one likes.
 */
class Pipeline {
  #parts // { words } of the library's, { make, ofLines } of this program's

  constructor(parts) {
    this.#parts = parts
  }

  /** This one, and more behind it. */
  pipe(...pieces) {
    return new Pipeline([...this.#parts, ...pieces.flatMap((piece) => pipelineOf(piece).#parts)])
  }

  /** The line of text, a string or a Buffer; what it needs of this program is added to `own`. */
  render(own) {
    const words = []
    this.#parts.forEach((part, at) => {
      if (part.words !== undefined) return words.push(part.words)
      words.push(`${NAME} ${own.add(part.make)}`)
      const behind = this.#parts[at + 1]
      // They still are lines, which the library cannot know.
      if (part.ofLines && behind?.words !== undefined && at + 2 < this.#parts.length) words.push('lines')
    })
    return join(words, ' | ')
  }

  toString() {
    let count = 0
    return this.render({ add: () => count++ }).toString()
  }

  /** Starts it. It begins and ends with a place. */
  start(options) {
    return startLine(this, options)
  }

  /** Starts it and waits for the proof. */
  async run(options) {
    const { finish } = require('./job')
    const { signal, onProgress, ...rest } = check(options)
    signal?.throwIfAborted()
    return finish(this.start(rest), { signal, onProgress })
  }

  /** What comes out of a pipeline without a place at its end, as a stream.Readable. */
  readable(options) {
    return new (require('./streams').Reading)(this, options)
  }

  /**
   * The same without a copy, for loops: each chunk is weir's own memory until the next is asked for. Then it is detached, and
   * has no bytes any more: copy what is to stay, and wait for what still reads it.
   */
  chunks(options) {
    return require('./chunks').lentChunks(this.pipe('pull'), options)
  }

  [Symbol.asyncIterator]() {
    return this.readable()[Symbol.asyncIterator]()
  }
}

/** One pipeline of pipelines, stages as text, and functions. */
function pipe(...pieces) {
  return new Pipeline([]).pipe(...pieces)
}

function pipelineOf(piece) {
  if (piece instanceof Pipeline) return piece
  if (typeof piece === 'string') return new Pipeline([{ words: text(piece, 'pipeline') }])
  if (typeof piece === 'function') return own(() => new (isGenerator(piece) ? Generated : Pieces)(piece))
  throw new TypeError(`a pipeline is made of pipelines, text and functions, not of ${kindOf(piece)}`)
}

function own(make, ofLines = false) {
  return new Pipeline([{ make, ofLines }])
}

function words(line) {
  return new Pipeline([{ words: line }])
}

module.exports = { Pipeline, pipe, pipelineOf, own, words }
