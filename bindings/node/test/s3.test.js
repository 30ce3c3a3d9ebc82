'use strict'
// Through an S3 server: what only a store of objects has, and what it says.

const test = require('node:test')
const assert = require('node:assert/strict')
const { pipeline } = require('node:stream/promises')
const { Readable } = require('node:stream')
const { weir, S3, MIB, onS3, objects, s3Context, pattern, failure, eventually } = require('./helper')

const data = pattern(12_000_003)
const scripted = { skip: onS3.skip || (process.env.WEIR_TEST_S3_SERVER === 'fault' ? false : 'needs the scripted server') }

async function script(...faults) {
  await (await fetch(`${S3}/_weir/faults`, { method: 'POST', body: JSON.stringify(faults) })).text()
}

test('an object keeps what it was stored with', onS3, async () => {
  const s3 = objects()
  const context = s3Context()
  const receipt = await weir.upload(Buffer.from('stored'), s3('a'), { context, contentType: 'text/x-test', metadata: { origin: 'Node' } })
  assert.equal(receipt.checksumVerified, true)
  assert(receipt.etag)
  const info = await weir.head(s3('a'), { context })
  assert.deepEqual([info.size, info.contentType, info.metadata, typeof info.crc64nvme], [6, 'text/x-test', { origin: 'Node' }, 'bigint'])
  assert(info.modified instanceof Date)
  assert.equal((await weir.copyInside(s3('a'), s3('b'), { context })).name, s3('b'))
  await weir.remove(s3('a'), { context })
  await weir.remove(s3('a'), { context })
  assert.equal((await failure(weir.head(s3('a'), { context }))).code, 'ENOENT')
  assert.equal((await weir.download(s3('b'), { context })).toString(), 'stored')
})

test('a presigned URL is for anyone', onS3, async () => {
  const s3 = objects()
  const context = s3Context()
  await weir.upload(Buffer.from('public'), s3('a'), { context })
  const url = await weir.presign(s3('a'), { seconds: 60, context })
  assert.equal(await (await fetch(url)).text(), 'public')
  assert.equal((await weir.download(url)).toString(), 'public')
})

test('a listing', onS3, async () => {
  const s3 = objects()
  const context = s3Context()
  for (const key of ['a', 'b/c', 'b/d']) await weir.upload(Buffer.from(key), s3(key), { context })
  const names = []
  for await (const entry of weir.list(s3(), { context })) names.push(entry.name)
  assert.deepEqual(names, [s3('a'), s3('b/c'), s3('b/d')])
  const folded = []
  for await (const { name, isFolder } of weir.list(s3(), { folders: true, context })) folded.push([name, isFolder])
  assert.deepEqual(folded.sort(), [[s3('a'), false], [s3('b/'), true]])
})

test('large things go there and come back', onS3, async () => {
  const s3 = objects()
  const context = s3Context()
  const seen = []
  function * cut() {
    for (let at = 0; at < data.length; at += 99_999) yield data.subarray(at, at + 99_999)
  }
  const receipt = await weir.upload(cut(), s3('large.zst'), { context, through: 'zstd', partBytes: 5 * MIB, onProgress: (progress) => seen.push(progress) })
  assert.deepEqual([receipt.bytesRead, receipt.checksumVerified, seen.at(-1).state], [data.length, true, 'done'])
  assert((await weir.download(s3('large.zst'), { context, through: 'unzstd' })).equals(data))
  const out = weir.createWriteStream(s3('stream'), { context, partBytes: 5 * MIB })
  await pipeline(Readable.from(cut()), out)
  assert.equal(out.receipt.checksumVerified, true)
  assert(Buffer.concat(await weir.createReadStream(s3('stream'), { context }).toArray()).equals(data))
  await new Blob([data]).stream().pipeTo(weir.openWritable(s3('web'), { context, exactBytes: data.length }))
  assert(Buffer.from(await new Response(weir.openReadable(s3('web'), { context })).arrayBuffer()).equals(data))
})

test('an upload that is broken off leaves nothing', onS3, async () => {
  const s3 = objects()
  const context = s3Context()
  const mine = new Error('mine')
  const broken = async function * () {
    yield data
    throw mine
  }
  const out = weir.createWriteStream(s3('half'), { context, partBytes: 5 * MIB })
  assert.equal(await failure(pipeline(broken, out)), mine)
  await eventually(() => out.closed)
  assert.equal(await failure(weir.upload(broken(), s3('half'), { context, partBytes: 5 * MIB })), mine)
  for await (const entry of weir.list(s3(), { context })) assert.fail(entry.name)
})

test("errors are in the store's words", onS3, async () => {
  const s3 = objects()
  const error = await failure(weir.upload(Buffer.from('x'), 's3://weir-no-such-bucket/key', { context: s3Context() }))
  assert.deepEqual([error.code, error.httpStatus, error.serviceCode], ['ENOENT', 404, 'NoSuchBucket'])
  for (const credentials of [
    () => ({ accessKeyId: 'AKID', secretAccessKey: 'no' }),
    () => undefined,
    () => { throw new Error('mine') },
    () => ({ accessKeyId: 'AKID' }),
    () => Promise.reject(new Error('mine'))
  ]) {
    const context = new weir.Context({ s3EndpointUrl: S3, credentials })
    assert.equal((await failure(weir.upload(Buffer.from('x'), s3('a'), { context }))).code, 'EACCES')
    // There is no such object, which some stores say to anybody.
    assert(['EACCES', 'ENOENT'].includes((await failure(weir.head(s3('a'), { context }))).code))
  }
})

test('keys come from a function, also as a promise', onS3, async () => {
  const s3 = objects()
  const asked = []
  const context = new weir.Context({
    s3EndpointUrl: S3,
    async credentials(refused) {
      asked.push(refused)
      await new Promise((resolve) => setTimeout(resolve, 5))
      return { accessKeyId: process.env.AWS_ACCESS_KEY_ID, secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY }
    }
  })
  await weir.upload(Buffer.from('x'), s3('a'), { context })
  assert.deepEqual(asked[0], false)
  const many = Array.from({ length: 40 }, () => weir.head(s3('a'), { context })) // more than there are threads in a pool
  assert((await Promise.all(many)).every(({ size }) => size === 1))
  assert.deepEqual(await weir.createReadStream(s3('a'), { context }).toArray(), [Buffer.from('x')])
})

test('what passes is ridden out, what does not is told', scripted, async () => {
  const s3 = objects()
  const context = s3Context()
  const key = (name) => s3(name).split('/').slice(3).join('/')
  await script({ op: 'UploadPart', action: 'status', status: 503, code: 'SlowDown', key: key('large'), times: 2 })
  const receipt = await weir.upload(data, s3('large'), { context, partBytes: 5 * MIB })
  assert(receipt.retries >= 2 && receipt.checksumVerified)
  await script({ op: 'PutObject', action: 'status', status: 403, code: 'AccessDenied', key: key('denied') })
  const error = await failure(weir.upload(Buffer.from('x'), s3('denied'), { context }))
  assert.deepEqual([error.code, error.serviceCode, error.httpStatus], ['EACCES', 'AccessDenied', 403])
  assert(error.requestId)
})

test('many at once', onS3, async () => {
  const s3 = objects()
  const context = s3Context()
  await Promise.all(Array.from({ length: 100 }, (_, i) => weir.upload(Buffer.from(String(i)), s3(String(i).padStart(3, '0')), { context })))
  const names = []
  for await (const { name } of weir.list(s3(), { context })) names.push(name)
  assert.equal(names.length, 100)
  const all = await Promise.all(names.map((name) => weir.download(name, { context })))
  assert.deepEqual(all.map(Number), Array.from({ length: 100 }, (_, i) => i))
})
