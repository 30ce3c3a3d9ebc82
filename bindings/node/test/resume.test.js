'use strict'
// An upload that was killed or suspended is in the ledger, and the same call, or its number, goes on with it.

const test = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { weir, S3, MIB, onS3, objects, folder, pattern, node, failure, eventually } = require('./helper')

const BYTES = 11 * MIB
const PART = 5 * MIB
const swap = (data) => Buffer.from(data.map((byte) => byte ^ 0x20))

const VICTIM = `
const [source, destination, stateDir, s3EndpointUrl, kind] = process.argv.slice(1)
const context = new weir.Context({ ledger: true, stateDir, s3EndpointUrl, bytesPerSecond: 16 << 20 })
const through = kind === 'function' ? weir.pieces((data) => Buffer.from(data.map((byte) => byte ^ 0x20))) : undefined
weir.start(source, destination, { context, partBytes: 5 << 20, concurrency: 1, contentType: 'text/x-large', through })
;(async () => {
  while (!(await weir.unfinished({ context })).some((one) => one.bytesStored >= 5 << 20));
  process.kill(process.pid, 'SIGKILL')
})()`

function begin(t) {
  const dir = folder(t)
  const large = path.join(dir, 'large')
  fs.writeFileSync(large, pattern(BYTES))
  const stateDir = path.join(dir, 'state')
  const context = new weir.Context({ ledger: true, stateDir, s3EndpointUrl: S3 })
  const destination = objects()('large')
  const again = (more) => weir.copy(large, destination, { context, partBytes: PART, contentType: 'text/x-large', ...more })
  const killOne = async (kind = 'plain') => {
    const { signal, told } = await node(VICTIM, [large, destination, stateDir, S3, kind]).ended
    assert.deepEqual([signal, told], ['SIGKILL', ''])
    const [found, ...more] = await weir.unfinished({ context })
    assert(found.bytesStored >= PART && found.destination === destination && more.length === 0)
    return found
  }
  const check = async (receipt) => {
    assert(receipt.bytesResumed >= PART && receipt.checksumVerified)
    assert.deepEqual(await weir.unfinished({ context }), [])
    assert.equal((await weir.head(destination, { context })).contentType, 'text/x-large')
    return weir.download(destination, { context })
  }
  return { large, stateDir, context, destination, again, killOne, check }
}

test('the same call goes on after a kill', onS3, async (t) => {
  const { killOne, again, check } = begin(t)
  await killOne()
  assert((await check(await again())).equals(pattern(BYTES)))
})

test('its number goes on after a kill', onS3, async (t) => {
  const { killOne, large, check } = begin(t)
  const found = await killOne()
  assert(found.canResume && found.bytesTotal === BYTES && found.source.includes(large) && found.updated instanceof Date)
  const job = await found.resume()
  assert((await check(await job.result())).equals(pattern(BYTES)))
})

test('the same call goes on through a function', onS3, async (t) => {
  const { killOne, again, check } = begin(t)
  const found = await killOne('function')
  if (found.canResume) await assert.rejects(found.resume(), /same call again/)
  assert((await check(await again({ through: weir.pieces(swap) }))).equals(swap(pattern(BYTES))))
})

test('a suspended job goes on or is removed', onS3, async (t) => {
  const { large, destination, stateDir, check } = begin(t)
  const context = new weir.Context({ ledger: true, stateDir, s3EndpointUrl: S3, bytesPerSecond: 16 * MIB })
  const suspended = async () => {
    const job = weir.start(large, destination, { context, partBytes: PART, concurrency: 1, contentType: 'text/x-large' })
    await eventually(() => job.progress().bytesConfirmed >= PART)
    job.suspend()
    const error = await failure(job.result())
    assert(error.kind === 'cancelled' && error.keptBytes >= PART)
    return (await weir.unfinished({ context }))[0]
  }
  await check(await (await (await suspended()).resume()).result())
  const found = await suspended()
  await found.abort()
  assert.deepEqual(await weir.unfinished({ context }), [])
  assert.equal((await failure(found.abort())).code, 'ENOENT')
})

test('the end of the program keeps what is safe', onS3, async (t) => {
  const { large, destination, stateDir, again, check } = begin(t)
  await node(VICTIM.replace("process.kill(process.pid, 'SIGKILL')", 'process.exit()'), [large, destination, stateDir, S3, 'plain']).ended
  await check(await again())
})
