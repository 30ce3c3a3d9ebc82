'use strict'
// Copies: between names, from what a program has into a place, and back.

const test = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { Readable, PassThrough } = require('node:stream')
const { pathToFileURL } = require('node:url')
const { weir, MIB, folder, pattern, failure, eventually, count } = require('./helper')

test('a copy gives a receipt, and progress on the way', async (t) => {
  const out = path.join(folder(t), 'out')
  const seen = []
  const receipt = await weir.copy('gen:8MiB', out, { through: 'rate_limit 32MiB | sha256', onProgress: (progress) => seen.push(progress) })
  assert.equal(receipt.bytesStored, 8 * MIB)
  assert.match(receipt.facts.sha256, /^[0-9a-f]{64}$/)
  assert.match(receipt.checksum, /^crc64nvme:/)
  assert.equal(fs.statSync(out).size, 8 * MIB)
  assert(seen.length >= 2, `${seen.length} reports`)
  assert.equal(seen.at(-1).state, 'done')
  assert.equal(seen.at(-1).bytesDone, 8 * MIB)
})

test('a file: URL is a file, whatever it is called', async (t) => {
  const name = path.join(folder(t), 'a | b "c" ü')
  await weir.upload(Buffer.from('words'), pathToFileURL(name))
  assert.equal(fs.readFileSync(name, 'utf8'), 'words')
  assert.equal((await weir.download(pathToFileURL(name))).toString(), 'words')
  await weir.copy(pathToFileURL(name), pathToFileURL(`${name}2`))
  assert.equal((await weir.upload(pathToFileURL(name), `${name}3`)).bytesStored, 5)
  assert.equal((await weir.head(pathToFileURL(name))).size, 5)
})

test('a name that is no UTF-8 is a Buffer', async (t) => {
  const name = Buffer.concat([Buffer.from(folder(t)), Buffer.from([0x2f, 0xff, 0xfe])])
  await weir.upload(Buffer.from('x'), name)
  assert.equal((await weir.download(name)).toString(), 'x')
  assert.equal(fs.readFileSync(name, 'utf8'), 'x')
})

const large = pattern(3 * MIB + 7)

async function * slowly(pieces) {
  for (const piece of pieces) {
    await new Promise(setImmediate)
    yield piece
  }
}

function * cut(size) {
  for (let at = 0; at < large.length; at += size) yield large.subarray(at, at + size)
}

const sources = {
  'a Buffer': () => large,
  'a Uint8Array': () => new Uint8Array(large),
  'a DataView': () => new DataView(large.buffer, large.byteOffset, large.length),
  'an ArrayBuffer': () => new Uint8Array(large).buffer,
  'a Blob': () => new Blob([large]),
  'an array': () => [...cut(100_000)],
  'a generator': () => cut(99_999),
  'an async generator': () => slowly(cut(77_777)),
  'a Readable': () => Readable.from(cut(65_536)),
  'a file stream': (dir) => {
    fs.writeFileSync(path.join(dir, 'in'), large)
    return fs.createReadStream(path.join(dir, 'in'))
  },
  'a ReadableStream': () => Readable.toWeb(Readable.from(cut(65_536)))
}

for (const [what, make] of Object.entries(sources)) {
  test(`what ${what} gives is stored`, async (t) => {
    const dir = folder(t)
    const receipt = await weir.upload(make(dir), path.join(dir, 'out'))
    assert.equal(receipt.bytesStored, large.length)
    assert(fs.readFileSync(path.join(dir, 'out')).equals(large))
    await eventually(() => count() <= 2) // the loggers of contexts
  })
}

test('nothing is stored of a source that throws, and its error goes on', async (t) => {
  const dir = folder(t)
  const mine = new Error('mine')
  async function * broken() {
    yield large
    throw mine
  }
  assert.equal(await failure(weir.upload(broken(), path.join(dir, 'out'))), mine)
  const stream = new PassThrough()
  stream.write('abc')
  setImmediate(() => stream.destroy(mine))
  assert.equal(await failure(weir.upload(stream, path.join(dir, 'out'))), mine)
  assert.deepEqual(fs.readdirSync(dir), [])
})

test('a source that gives nothing more does not hold up the news that the job has failed', async (t) => {
  let returned = false
  async function * stuck() {
    try {
      yield Buffer.from('x')
      await new Promise((resolve) => setTimeout(resolve, 200))
      for (let i = 0; i < 100; ++i) yield Buffer.alloc(MIB)
    } finally {
      returned = true
    }
  }
  assert.equal((await failure(weir.upload(stuck(), path.join(folder(t), 'no', 'a')))).code, 'ENOENT')
  await eventually(() => returned)
})

test('an upload that is aborted while a write waits ends its source', async () => {
  let returned = false
  async function * pieces() {
    try {
      for (;;) yield Buffer.alloc(32 * MIB)
    } finally {
      returned = true
    }
  }
  const signal = AbortSignal.timeout(100)
  assert.equal((await failure(weir.upload(pieces(), 'null:', { through: 'rate_limit 1MiB', budgetBytes: 8 * MIB, signal }))).name, 'TimeoutError')
  await eventually(() => returned, 5)
})

test('what is read fills a Buffer, memory, a file or a stream', async (t) => {
  const dir = folder(t)
  await weir.upload(large, path.join(dir, 'in.zst'), { through: 'zstd' })
  const options = { through: 'unzstd' }
  assert((await weir.download(path.join(dir, 'in.zst'), options)).equals(large))
  const memory = new Uint8Array(large.length + 1)
  assert.equal(await weir.download(path.join(dir, 'in.zst'), memory, options), large.length)
  assert(large.equals(memory.subarray(0, large.length)))
  assert.equal((await failure(weir.download(path.join(dir, 'in.zst'), new Uint8Array(10), options))).kind, 'limit')
  assert.equal((await weir.download(path.join(dir, 'in.zst'), path.join(dir, 'a'), options)).bytesStored, large.length)
  assert.equal(await weir.download(path.join(dir, 'in.zst'), fs.createWriteStream(path.join(dir, 'b')), options), large.length)
  for (const name of ['a', 'b']) assert(fs.readFileSync(path.join(dir, name)).equals(large))
})

test('nothing is much too: empty things are stored and read', async (t) => {
  const name = path.join(folder(t), 'empty')
  for (const source of [Buffer.alloc(0), [], new Blob([]), Readable.from([])]) {
    assert.equal((await weir.upload(source, name)).bytesStored, 0)
    assert.equal((await weir.download(name)).length, 0)
  }
})

test('a source that is slower than the place leaves the event loop its turns', async () => {
  let ticks = 0
  const timer = setInterval(() => { ++ticks }, 5)
  function * busy() {
    for (let i = 0; i < 300; ++i) {
      for (const end = performance.now() + 1; performance.now() < end;);
      yield Buffer.alloc(128 << 10)
    }
  }
  await weir.upload(busy(), 'null:')
  clearInterval(timer)
  assert(ticks > 10, `${ticks} ticks`)
})
