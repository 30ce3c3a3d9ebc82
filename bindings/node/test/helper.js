'use strict'
// What the tests share. They run against the package as it is laid out (cmake --build BUILD --target weir_node) or installed:
//
//   WEIR_NODE_PACKAGE=build/dev/node node --test bindings/node/test/*.test.js
//   tests/servers/servers.py run fault -- node --test ...        also those that need an S3 server

const { randomUUID } = require('node:crypto')
const { spawn } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')

const PACKAGE = path.resolve(process.env.WEIR_NODE_PACKAGE ?? path.join(__dirname, '..'))
const weir = require(PACKAGE)
const { count } = require(path.join(PACKAGE, 'lib/hosts.js'))
const S3 = process.env.WEIR_TEST_S3_ENDPOINT
const MIB = 1 << 20

/** A folder that is gone when the test is over. */
function folder(t) {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'weir-node-'))
  t.after(() => fs.rmSync(made, { recursive: true, force: true }))
  return made
}

/** For tests that need a server: { skip } is their options. */
const onS3 = { skip: S3 ? false : 'needs a server: servers.py run fault -- node --test ...' }

/** s3('key') → the name of an object of this test's own. */
function objects() {
  const place = `node-${randomUUID().slice(0, 8)}`
  return (key = '') => `s3://${process.env.WEIR_TEST_S3_BUCKET}/${place}/${key}`
}

const s3Context = () => new weir.Context({ s3EndpointUrl: S3 })

function pattern(size) {
  const block = Buffer.from(Array.from({ length: 65521 }, (_, i) => (i * 31 + (i >> 8)) & 255))
  return Buffer.alloc(size, block)
}

/** Waits until it is true. */
async function eventually(condition, seconds = 20) {
  const end = Date.now() + seconds * 1000
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`it does not happen: ${condition}`)
    await sleep(2)
  }
}

/** Another Node with what `program` says; for what must not be done to this one. { code, signal, out, told } when it has ended. */
function node(program, words = [], options = {}) {
  const prelude = `const weir = require(${JSON.stringify(PACKAGE)});`
  const child = spawn(process.execPath, [...(options.flags ?? []), '-e', prelude + program, '--', ...words.map(String)], { stdio: ['ignore', 'pipe', 'pipe'] })
  const texts = { out: '', told: '' }
  child.stdout.on('data', (data) => { texts.out += data })
  child.stderr.on('data', (data) => { texts.told += data })
  const timer = setTimeout(() => child.kill('SIGKILL'), (options.seconds ?? 60) * 1000)
  child.ended = new Promise((resolve) => child.on('close', (code, signal) => {
    clearTimeout(timer)
    resolve({ code, signal, ...texts })
  }))
  return child
}

/** A promise's error; an error of its own if there is none. */
async function failure(promise) {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('it did not fail')
}

module.exports = { weir, count, PACKAGE, S3, MIB, folder, onS3, objects, s3Context, pattern, eventually, node, failure, sleep }
