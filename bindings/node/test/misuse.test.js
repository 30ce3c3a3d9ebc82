'use strict'
// Slips and hostile input: an error each time, never a crash.

const test = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { once } = require('node:events')
const { weir, count, PACKAGE, MIB, folder, failure, sleep, node, eventually } = require('./helper')

const invalid = { name: 'WeirError', code: 'EINVAL' }

test('names and texts that cannot be', async () => {
  for (const name of ['', 'a\0b', Buffer.alloc(0), Buffer.from('a\0b'), '\ud800', 'x'.repeat(2 * MIB)]) {
    await assert.rejects(weir.copy(name, 'null:'), invalid)
    await assert.rejects(weir.head(name), invalid)
    assert.throws(() => weir.createReadStream(name), invalid)
    assert.throws(() => weir.openWritable(name), invalid)
  }
  for (const name of [undefined, null, 7, ['x'], {}, Symbol('s'), 7n, true, () => {}]) {
    await assert.rejects(weir.copy(name, 'null:'), TypeError)
    await assert.rejects(weir.copy('gen:1KiB', name), TypeError)
    await assert.rejects(weir.download(name), TypeError)
    await assert.rejects(weir.remove(name), TypeError)
    assert.throws(() => weir.createWriteStream(name), TypeError)
  }
  await assert.rejects(weir.copy('gen:1KiB', 'null:', { contentType: 'a\0b' }), invalid)
  await assert.rejects(weir.copy('gen:1KiB', 'null:', { contentType: '\udc00' }), invalid)
  await assert.rejects(weir.copy('gen:1KiB', 'null:', { metadata: { a: 7 } }), TypeError)
  await assert.rejects(weir.copy('gen:1KiB', 'null:', { through: '\u00fc'.repeat(MIB - 1) }), invalid) // 2 MiB of UTF-8
})

test('texts of the longest kind that there are', async () => {
  const longest = 'x'.repeat(require('node:buffer').constants.MAX_STRING_LENGTH)
  await assert.rejects(weir.copy(longest, 'null:'), invalid)
  assert.throws(() => weir.pipe(longest), invalid)
})

test('options that there are not, and values that cannot be', async () => {
  await assert.rejects(weir.copy('gen:1KiB', 'null:', { levle: 3 }), /levle/)
  for (const options of [null, 7, 'zstd']) await assert.rejects(weir.copy('gen:1KiB', 'null:', options), TypeError)
  for (const value of [-1, 1.5, NaN, Infinity, 2 ** 60, 1n << 70n, -1n, 'many', {}, true]) {
    await assert.rejects(weir.copy('gen:1KiB', 'null:', { budgetBytes: value }), RangeError)
    assert.throws(() => new weir.Context({ bytesPerSecond: value }), RangeError)
  }
  for (const wrong of [7, 'context', {}, Object.create(weir.Context.prototype)]) {
    await assert.rejects(weir.copy('gen:1KiB', 'null:', { context: wrong }), TypeError)
  }
  await assert.rejects(weir.copy('gen:1KiB', 'null:', { signal: {} }), TypeError)
  await assert.rejects(weir.copy('gen:1KiB', 'null:', { onProgress: 7 }), TypeError)
  assert.throws(() => weir.pipe('gen:1KiB', 'null:').start({ through: 'zstd' }), /through/)
  assert.throws(() => new weir.Context({ colour: 'red' }), /colour/)
  assert.throws(() => new weir.Context({ credentials: 'AKID' }), TypeError)
  assert.throws(() => weir.setDefaultContext({}), TypeError)
  await assert.rejects(weir.head('a', { folders: true }), /folders/)
})

test('what cannot be stored', async (t) => {
  const dir = folder(t)
  const out = path.join(dir, 'out')
  for (const wrong of ['text', 7, undefined, null, {}, ['text'], [7], [null], Symbol('s'), (async function * () { yield 'text' })()]) {
    await assert.rejects(weir.upload(wrong, out), TypeError)
  }
  const stream = weir.createWriteStream(out)
  assert.throws(() => stream.write(7), TypeError)
  stream.destroy()
  const writer = weir.openWritable(out).getWriter()
  writer.closed.catch(() => {})
  await assert.rejects(writer.write('text'), TypeError)
  await eventually(() => fs.readdirSync(dir).length === 0)
})

test('memory that is taken away', async (t) => {
  const dir = folder(t)
  const out = path.join(dir, 'out')
  const detached = new Uint8Array(100)
  structuredClone(detached.buffer, { transfer: [detached.buffer] })
  assert.equal((await weir.upload(detached, 'null:')).bytesStored, 0)
  const large = new Uint8Array(20 * MIB)
  const stream = weir.createWriteStream(out, { through: 'rate_limit 4MiB', budgetBytes: 8 * MIB })
  stream.write(large)
  await sleep(20)
  structuredClone(large.buffer, { transfer: [large.buffer] })
  const [error] = await once(stream, 'error')
  assert.match(error.message, /detached/)
  await eventually(() => fs.readdirSync(dir).length === 0)
  const shrunk = new Uint8Array(10)
  await assert.rejects(weir.download('gen:1KiB', shrunk), { kind: 'limit' })
})

test('what is over stays over', async (t) => {
  const context = new weir.Context()
  context.close()
  context.close()
  assert.equal((await failure(weir.copy('gen:1KiB', 'null:', { context }))).kind, 'handle')
  assert.equal((await failure(weir.head('/tmp', { context }))).kind, 'handle')
  const stream = weir.createWriteStream(path.join(folder(t), 'a'))
  stream.end()
  await once(stream, 'finish')
  const late = new Promise((resolve) => stream.write('x', resolve))
  stream.on('error', () => {})
  assert.equal((await late).code, 'ERR_STREAM_WRITE_AFTER_END')
  stream.destroy()
  stream.destroy()
  const reader = weir.createReadStream('gen:1MiB')
  reader.destroy()
  reader.destroy()
  assert.equal(reader.read(), null)
})

test('classes cannot be made, or called on others', () => {
  const job = weir.start('gen:1KiB', 'null:')
  for (const method of ['progress', 'pause', 'cancel', 'result', 'watch']) assert.throws(() => {
    const given = weir.Job.prototype[method].call({})
    if (given?.catch) throw given.catch(() => {}) && new TypeError()
    if (given?.next) throw given.next().catch(() => {}) && new TypeError()
  }, TypeError)
  assert.throws(() => weir.Pipeline.prototype.start.call({}), TypeError)
  return job.result()
})

test('the addon itself refuses what is none of its own', () => {
  const native = require(path.join(PACKAGE, 'lib/native.js'))
  const push = native.pushNew()
  const wrongs = [undefined, null, 7, 'text', {}, [], () => {}, Symbol('s'), push]
  for (const [name, call] of Object.entries(native)) {
    if (typeof call !== 'function' || ['begin', 'hold', 'shutDown', 'pullNew', 'answer'].includes(name)) continue
    for (const first of wrongs) {
      for (const second of wrongs) {
        try {
          call(first, second, first, second, first, second)
        } catch (error) {
          assert(error instanceof Error)
        }
      }
    }
  }
  assert.equal(native.answer(12345, null, []), undefined)
  native.streamFree(push)
  native.streamFree(push)
  assert.throws(() => native.pushWrite(push, Buffer.from('x'), 0), { kind: 'handle' })
  assert.throws(() => native.pushWrite(native.pushNew(), Buffer.from('x'), 7), RangeError)
})

test('a file that is not to be replaced, a part of one, and the one that was looked at', async (t) => {
  const name = path.join(folder(t), 'a')
  await weir.upload(Buffer.from('0123456789'), name)
  assert.equal((await weir.download(name, { readOffset: 3, readBytes: 4 })).toString(), '3456')
  const { etag } = await weir.head(name)
  await weir.upload(Buffer.from('other'), name)
  assert.equal((await failure(weir.download(name, { readEtag: etag }))).kind, 'source_changed')
})

test('what throws in a listener is an uncaught exception, and no crash', async () => {
  const child = node(`
    process.on('uncaughtException', (error) => { console.log(error.message); process.exit(3) })
    weir.createReadStream('gen:1MiB').on('data', () => { throw new Error('mine') })`)
  assert.deepEqual(await child.ended, { code: 3, signal: null, out: 'mine\n', told: '' })
})

test('what is refused is not held', () => {
  const before = count()
  assert.throws(() => new weir.Context({ threads: -1, credentials: () => undefined }), RangeError)
  assert.throws(() => weir.start('gen:1KiB', 'null:', { budgetBytes: -1 }), RangeError)
  assert(count() <= before + 1) // the default context's logger
})
