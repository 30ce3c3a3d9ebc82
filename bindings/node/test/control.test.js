'use strict'
// Jobs: progress, pause, resume, cancel, abort.

const test = require('node:test')
const assert = require('node:assert/strict')
const { getEventListeners } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { weir, MIB, count, folder, failure, eventually, sleep } = require('./helper')

const slow = (place = 'null:') => weir.pipe('gen:100GiB', 'rate_limit 4MiB', place).start()

test('a paused job stands still and goes on', async () => {
  const job = weir.pipe('gen:4MiB', 'rate_limit 8MiB', 'null:').start()
  job.pause()
  await sleep(100)
  assert.equal(job.progress().state, 'paused')
  const { bytesDone } = job.progress()
  await sleep(200)
  assert.equal(job.progress().bytesDone, bytesDone)
  assert.equal(job.done, false)
  job.resume()
  assert.equal((await job.result()).bytesRead, 4 * MIB)
  assert.equal(await job.result(), await job.result(), 'the same answer each time')
  assert.equal(job.done, true)
  job.pause()
  job.cancel() // too late: nothing
  assert.equal(job.progress().state, 'done')
})

test('a cancelled job leaves nothing', async (t) => {
  const dir = folder(t)
  const job = weir.start('gen:100GiB', path.join(dir, 'out'), { through: 'rate_limit 4MiB' })
  await eventually(() => job.progress().bytesRead > 0)
  job.cancel()
  const error = await failure(job.result())
  assert.deepEqual([error.kind, error.code], ['cancelled', 'ECANCELED'])
  assert.deepEqual(fs.readdirSync(dir), [])
  assert.equal(job.progress().state, 'failed')
})

test('progress is an async iterable', async () => {
  const seen = []
  for await (const progress of weir.pipe('gen:4MiB', 'rate_limit 8MiB', 'null:').start().watch(20)) seen.push(progress)
  assert(seen.length > 3)
  assert.equal(seen.at(-1).state, 'done')
  assert.equal(seen.at(-1).bytesDone, 4 * MIB)
  assert.equal(seen.at(-1).bytesTotal, 4 * MIB)
  for (let i = 1; i < seen.length; ++i) assert(seen[i].bytesDone >= seen[i - 1].bytesDone)
  for await (const last of weir.pipe('gen:1KiB', 'null:').start()) assert(last.elapsedSeconds >= 0)
})

test('an AbortSignal stops a call, which waits until nothing is left', async (t) => {
  const dir = folder(t)
  const calls = {
    copy: (options) => weir.copy('gen:100GiB', path.join(dir, 'a'), options),
    upload: (options) => weir.upload((function * () { for (;;) yield Buffer.alloc(MIB) })(), path.join(dir, 'b'), options),
    download: (options) => weir.download('gen:100GiB', options),
    'into a stream': (options) => weir.download('gen:100GiB', fs.createWriteStream('/dev/null'), options),
    run: (options) => weir.pipe('gen:100GiB', 'rate_limit 4MiB', path.join(dir, 'c')).run({ signal: options.signal })
  }
  for (const [name, begin] of Object.entries(calls)) {
    const stop = new AbortController()
    const ended = failure(begin({ signal: stop.signal, through: 'rate_limit 4MiB' }))
    await sleep(30)
    stop.abort()
    assert.equal((await ended).name, 'AbortError', name)
    await eventually(() => fs.readdirSync(dir).length === 0)
    assert.equal((await failure(begin({ signal: AbortSignal.abort() }))).name, 'AbortError', `${name}, before it begins`)
  }
  const mine = new Error('mine')
  assert.equal(await failure(weir.copy('gen:100GiB', 'null:', { signal: AbortSignal.abort(mine) })), mine)
  await assert.rejects(weir.head('/tmp', { signal: AbortSignal.abort() }), { name: 'AbortError' })
})

test('what a report throws stops the job', async () => {
  const mine = new Error('mine')
  const told = failure(weir.copy('gen:100GiB', 'null:', { through: 'rate_limit 1MiB', onProgress() { throw mine } }))
  assert.equal(await told, mine)
})

test('a job goes on without anybody who holds it', async () => {
  await eventually(() => count() === 1) // the default context's logger
  slow().unref()
  await sleep(50)
  assert.equal(count(), 2)
  const job = slow()
  job.cancel()
  await job.ended()
})

const started = {
  'start()': (options) => weir.start('gen:100GiB', 'null:', { ...options, through: 'rate_limit 4MiB' }),
  'Pipeline.start()': (options) => weir.pipe('gen:100GiB', 'rate_limit 4MiB', 'null:').start(options),
  'createWriteStream()': (options) => weir.createWriteStream('null:', options).on('error', () => {}).job.ref(),
  'createReadStream()': (options) => weir.createReadStream('gen:100GiB', options).on('error', () => {}).job.ref()
}
for (const [what, begin] of Object.entries(started)) {
  test(`${what} tells of progress, and heeds a signal`, async () => {
    const seen = []
    const stop = new AbortController()
    const job = begin({ signal: stop.signal, onProgress: (progress) => seen.push(progress) })
    await eventually(() => seen.length > 1)
    stop.abort()
    assert(['AbortError', 'WeirError'].includes((await failure(job.result())).name))
    await eventually(() => getEventListeners(stop.signal, 'abort').length === 0)
    const mine = new Error('mine')
    assert.equal(await failure(begin({ onProgress: () => { throw mine } }).result()), mine)
  })
}

test('a job that is started is aborted with the reason of the signal, or never begun', async () => {
  const mine = new Error('mine')
  const stop = new AbortController()
  const job = weir.start('gen:100GiB', 'null:', { through: 'rate_limit 4MiB', signal: stop.signal })
  setImmediate(() => stop.abort(mine))
  assert.equal(await failure(job.result()), mine)
  assert.throws(() => weir.start('gen:1KiB', 'null:', { signal: stop.signal }), mine)
  const { Writable } = require('node:stream')
  const sink = new Writable({ write: (_chunk, _encoding, done) => done() })
  assert.equal(await failure(weir.download('gen:100GiB', sink, { through: 'rate_limit 4MiB', onProgress: () => { throw mine } })), mine)
})

test('streams refuse what they do not know', () => {
  for (const options of [{ lend: true }, { exactBytes: 1 }, { signal: 7 }]) assert.throws(() => weir.createReadStream('gen:1KiB', options), TypeError)
  for (const options of [{ through: 'zstd' }, { lend: true }, { exactBytes: 1 }]) assert.throws(() => weir.createTransform('zstd', options), TypeError)
  for (const options of [{ encoding: 'utf8' }, { signal: {} }]) assert.throws(() => weir.createWriteStream('null:', options), TypeError)
})
