'use strict'
// WHATWG streams.

const test = require('node:test')
const assert = require('node:assert/strict')
const { getEventListeners } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { weir, MIB, folder, pattern, failure, eventually, count, sleep } = require('./helper')

const data = pattern(3 * MIB + 5)

test('what is written comes back', async (t) => {
  const name = path.join(folder(t), 'a.zst')
  await new Blob([data]).stream().pipeTo(weir.openWritable(name, { through: 'zstd' }))
  const back = Buffer.from(await new Response(weir.openReadable(name, { through: 'unzstd' })).arrayBuffer())
  assert(back.equals(data))
})

test('a reader may bring its own memory', async (t) => {
  const name = path.join(folder(t), 'a')
  fs.writeFileSync(name, data)
  const reader = weir.openReadable(name).getReader({ mode: 'byob' })
  const parts = []
  for (let buffer = new ArrayBuffer(100_000); ;) {
    const { value, done } = await reader.read(new Uint8Array(buffer))
    if (done) break
    parts.push(Buffer.from(value))
    buffer = value.buffer
  }
  assert(Buffer.concat(parts).equals(data))
})

test('nothing is read that nobody asked for, and what is cancelled ends', async () => {
  const stream = weir.openReadable(weir.pipe('gen:1GiB', weir.sha256()), { budgetBytes: 8 * MIB })
  const reader = stream.getReader()
  const { value } = await reader.read()
  assert(value.length > 0)
  await reader.cancel()
  assert.equal((await reader.read()).done, true)
})

test('a slow place holds up who writes, and what is aborted leaves nothing', async (t) => {
  const dir = folder(t)
  const writer = weir.openWritable(path.join(dir, 'a'), { through: 'rate_limit 1MiB', budgetBytes: 8 * MIB }).getWriter()
  let accepted = 0
  const writing = (async () => {
    for (;;) {
      await writer.write(new Uint8Array(MIB))
      ++accepted
    }
  })()
  await sleep(300)
  assert(accepted < 24, `${accepted} MiB were accepted`)
  assert(writer.desiredSize <= 0)
  const mine = new Error('mine')
  const aborted = writer.abort(mine)
  assert.equal(await failure(writing), mine)
  await aborted
  assert.deepEqual(fs.readdirSync(dir), [])
})

test('errors of the job are those of the stream', async (t) => {
  const no = path.join(folder(t), 'no')
  assert.equal((await failure(new Response(weir.openReadable(no)).text())).code, 'ENOENT')
  const writer = weir.openWritable(path.join(no, 'a')).getWriter()
  writer.closed.catch(() => {})
  assert.equal((await failure(writer.write(data).then(() => writer.close()))).code, 'ENOENT')
})

test('an AbortSignal ends both', async (t) => {
  const stop = new AbortController()
  const reader = weir.openReadable('gen:100GiB', { through: 'rate_limit 1MiB', signal: stop.signal }).getReader()
  const dir = folder(t)
  const writer = weir.openWritable(path.join(dir, 'a'), { signal: stop.signal }).getWriter()
  writer.closed.catch(() => {})
  await reader.read()
  await writer.write(data)
  setTimeout(() => stop.abort(), 20)
  const read = (async () => {
    while (!(await reader.read()).done);
  })()
  assert.equal((await failure(read)).name, 'AbortError')
  await eventually(() => fs.readdirSync(dir).length === 0)
  assert.equal((await failure(writer.write(data))).name, 'AbortError')
})

test('what is aborted while a write waits ends at once', async (t) => {
  const dir = folder(t)
  const writer = weir.openWritable(path.join(dir, 'a'), { through: 'rate_limit 1MiB', budgetBytes: 8 * MIB }).getWriter()
  writer.closed.catch(() => {})
  const writing = failure(writer.write(new Uint8Array(64 * MIB)))
  await sleep(100)
  const mine = new Error('mine')
  const begun = Date.now()
  await writer.abort(mine)
  assert.equal(await writing, mine)
  assert(Date.now() - begun < 5000)
  assert.deepEqual(fs.readdirSync(dir), [])
})

test('a signal that is aborted already begins nothing', (t) => {
  const dir = folder(t)
  const before = count()
  assert.throws(() => weir.openReadable('gen:1GiB', { signal: AbortSignal.abort() }), { name: 'AbortError' })
  assert.throws(() => weir.openWritable(path.join(dir, 'a'), { signal: AbortSignal.abort() }), { name: 'AbortError' })
  assert.equal(count(), before)
  assert.deepEqual(fs.readdirSync(dir), [])
})

/** Streams keep no program running, so what waits for one alone needs something that does. */
function loop(t) {
  const timer = setInterval(() => {}, 1000)
  t.after(() => clearInterval(timer))
}

test('a stream that fails leaves no listener on its signal', async (t) => {
  loop(t)
  const { signal } = new AbortController()
  const writer = weir.openWritable(path.join(folder(t), 'no', 'a'), { signal }).getWriter()
  await Promise.all([failure(writer.closed), failure((async () => { for (;;) await writer.write(data) })())])
  await eventually(() => getEventListeners(signal, 'abort').length === 0)
})

test('who waits for a slow source takes no time of the processor', async (t) => {
  loop(t)
  const reader = weir.openReadable('gen:1GiB', { through: 'rate_limit 64KiB' }).getReader()
  const before = process.cpuUsage()
  const begun = Date.now()
  while (Date.now() - begun < 1000) await reader.read()
  const { user, system } = process.cpuUsage(before)
  assert((user + system) / 1000 < (Date.now() - begun) / 2, `${(user + system) / 1000} ms of ${Date.now() - begun}`)
  await reader.cancel()
})
