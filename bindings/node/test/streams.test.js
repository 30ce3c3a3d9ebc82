'use strict'
// Node's streams: backpressure, errors, what is destroyed.

const test = require('node:test')
const assert = require('node:assert/strict')
const { createHash } = require('node:crypto')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { Readable, Transform, Writable } = require('node:stream')
const { pipeline, finished } = require('node:stream/promises')
const zlib = require('node:zlib')
const { weir, MIB, folder, pattern, failure, sleep, eventually, node } = require('./helper')

const data = pattern(5 * MIB + 3)

test('what is written comes back', async (t) => {
  const name = path.join(folder(t), 'a.gz')
  const out = weir.createWriteStream(name, { through: 'gzip' })
  await pipeline(Readable.from([data.subarray(0, 10), data.subarray(10)]), out)
  assert.equal(out.receipt.bytesRead, data.length)
  assert(zlib.gunzipSync(fs.readFileSync(name)).equals(data))
  const chunks = []
  for await (const chunk of weir.createReadStream(name, { through: 'gunzip' })) chunks.push(chunk)
  assert(Buffer.concat(chunks).equals(data))
})

test('many small writes, texts with their encoding', async (t) => {
  const name = path.join(folder(t), 'a')
  const out = weir.createWriteStream(name)
  for (let i = 0; i < 20_000; ++i) out.write(`line ${i}\n`)
  out.end('zzz', 'latin1')
  await finished(out)
  assert.equal(fs.readFileSync(name, 'utf8'), Array.from({ length: 20_000 }, (_, i) => `line ${i}\n`).join('') + 'zzz')
})

test('a chunk may be used again once its callback has come', async (t) => {
  const name = path.join(folder(t), 'a')
  const out = weir.createWriteStream(name, { through: 'rate_limit 8MiB' })
  const buffer = Buffer.alloc(300_000)
  for (let i = 0; i < 10; ++i) {
    buffer.fill(i)
    await new Promise((resolve, reject) => out.write(buffer, (error) => (error ? reject(error) : resolve())))
  }
  await new Promise((resolve) => out.end(resolve))
  const stored = fs.readFileSync(name)
  for (let i = 0; i < 10; ++i) assert(stored.subarray(i * 300_000, (i + 1) * 300_000).every((byte) => byte === i))
})

test('what is lent is not copied, and is whole', async (t) => {
  const name = path.join(folder(t), 'a')
  await pipeline(async function * () {
    for (let at = 0; at < data.length; at += 700_000) yield Buffer.from(data.subarray(at, at + 700_000))
  }, weir.createWriteStream(name, { lend: true }))
  assert(fs.readFileSync(name).equals(data))
})

test('a slow place holds up who writes', async () => {
  const out = weir.createWriteStream('null:', { through: 'rate_limit 1MiB', budgetBytes: 8 * MIB })
  let accepted = 0
  const piece = Buffer.alloc(MIB)
  const ended = once(out, 'close')
  const write = () => out.write(piece, (error) => {
    if (error) return
    ++accepted
    write()
  })
  write()
  await sleep(300)
  assert(accepted >= 1 && accepted <= 24, `${accepted} MiB were accepted`)
  assert.equal(out.writableNeedDrain, true)
  out.destroy()
  await ended
})

test('a reader that stands still holds up its source', async () => {
  const stream = weir.createReadStream('gen:1GiB', { budgetBytes: 8 * MIB })
  await once(stream, 'readable')
  await sleep(200)
  const { bytesRead } = stream.job.progress()
  assert(bytesRead < 16 * MIB, `${bytesRead} bytes were read`)
  assert(stream.readableLength < MIB)
  stream.destroy()
  await once(stream, 'close')
  assert.equal(stream.job.done, true)
})

test('a pipeline through stages is a Duplex', async (t) => {
  const digest = createHash('sha256')
  await pipeline(Readable.from([data]), weir.createTransform('zstd level=1'), weir.createTransform('unzstd'), digest)
  assert.equal(digest.digest('hex'), createHash('sha256').update(data).digest('hex'))
  const broken = await failure(pipeline(Readable.from([Buffer.from('no zstd at all')]), weir.createTransform('unzstd'), fs.createWriteStream(path.join(folder(t), 'a'))))
  assert.equal(broken.kind, 'corrupt')
})

test('a writer that is destroyed leaves nothing, and ends before it is closed', async (t) => {
  const dir = folder(t)
  const out = weir.createWriteStream(path.join(dir, 'a'))
  out.write(data)
  await sleep(50)
  out.destroy()
  await once(out, 'close')
  assert.equal(out.job.done, true)
  assert.equal((await failure(out.job.result())).kind, 'cancelled')
  assert.deepEqual(fs.readdirSync(dir), [])
})

test('a source that fails leaves nothing in the place', async (t) => {
  const dir = folder(t)
  const mine = new Error('mine')
  const failing = async function * () {
    yield data
    throw mine
  }
  const out = weir.createWriteStream(path.join(dir, 'a'))
  assert.equal(await failure(pipeline(failing, out)), mine)
  await eventually(() => out.closed)
  assert.deepEqual(fs.readdirSync(dir), [])
})

test('a consumer that leaves early ends the job', async () => {
  const stream = weir.createReadStream('gen:100GiB')
  for await (const chunk of stream) {
    assert(chunk.length > 0)
    break
  }
  await eventually(() => stream.job.done)
  const next = weir.createReadStream('gen:100GiB')
  const mine = new Error('mine')
  const sink = new Writable({ write: (chunk, encoding, done) => done(mine) })
  assert.equal(await failure(pipeline(next, sink)), mine)
  await eventually(() => next.job.done)
})

test('errors are emitted once, and say what the job says', async (t) => {
  const stream = weir.createReadStream(path.join(folder(t), 'no'))
  const error = await failure(stream.toArray())
  assert.equal(error.code, 'ENOENT')
  assert(error instanceof weir.WeirError)
  const out = weir.createWriteStream('null:', { through: 'unzstd' })
  out.write('this is no zstd')
  const loop = setInterval(() => {}, 1000) // a stream that is not ended keeps no program running
  const [told] = await once(out, 'error')
  clearInterval(loop)
  assert.equal(told.kind, 'corrupt')
})

test('an AbortSignal ends a stream', async (t) => {
  const dir = folder(t)
  const stop = new AbortController()
  const out = weir.createWriteStream(path.join(dir, 'a'), { signal: stop.signal })
  out.write('abc')
  setTimeout(() => stop.abort(), 20)
  assert.equal((await failure(finished(out))).name, 'AbortError')
  await eventually(() => out.job.done)
  assert.deepEqual(fs.readdirSync(dir), [])
})

test('a server passes a body on, at the pace of the place', async (t) => {
  const http = require('node:http')
  const dir = folder(t)
  const server = http.createServer((request, response) => {
    pipeline(request, new Transform({ transform: (chunk, encoding, done) => done(null, chunk) }), weir.createWriteStream(path.join(dir, 'body'), { through: 'rate_limit 40MiB' }))
      .then(() => response.end('stored'), (error) => response.writeHead(500).end(error.message))
  }).listen(0)
  t.after(() => server.close())
  const answer = await fetch(`http://127.0.0.1:${server.address().port}`, { method: 'PUT', body: data })
  assert.equal(await answer.text(), 'stored')
  assert(fs.readFileSync(path.join(dir, 'body')).equals(data))
})

test('streams that nobody has are collected, and their jobs end', async () => {
  const child = node(`
    let job
    ;(() => { const stream = weir.createReadStream('gen:100GiB'); stream.read(1); stream.on('error', () => {}); job = stream.job })()
    setTimeout(() => {}, 100)
    setTimeout(async () => {
      for (let i = 0; i < 100 && !job.done; ++i) { gc(); await new Promise((resolve) => setTimeout(resolve, 20)) }
      console.log(job.done)
    }, 200)`, [], { flags: ['--expose-gc'] })
  const { out, told } = await child.ended
  assert.deepEqual([out, told], ['true\n', ''])
})

test('a stream that is destroyed while a write waits tells who wrote', async () => {
  const out = weir.createWriteStream('null:', { through: 'rate_limit 1MiB', budgetBytes: 8 * MIB })
  const told = new Promise((resolve) => out.write(Buffer.alloc(64 * MIB), resolve))
  await sleep(100)
  out.destroy()
  assert((await told) instanceof Error)
  await eventually(() => out.closed)
})
