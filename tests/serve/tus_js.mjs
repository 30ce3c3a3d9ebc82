// tus-js-client, as npm has it, against a server:  node tus_js.mjs NODE_MODULES URL
import { createHash, randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import { Readable } from 'node:stream'
import assert from 'node:assert/strict'

const [modules, url] = process.argv.slice(2)
const tus = createRequire(modules + '/')('tus-js-client')
const MiB = 1 << 20
const sha256 = bytes => createHash('sha256').update(bytes).digest('hex')

function upload (source, options = {}) {
  let one
  const done = new Promise((resolve, reject) => {
    one = new tus.Upload(source, { endpoint: url, retryDelays: [0, 100, 500], metadata: { filename: 'häuser 🏠.bin' }, ...options,
      onSuccess: () => resolve(one), onError: reject })
  })
  if (!options.later) one.start()
  done.upload = one
  return done
}

async function holds (place, bytes) {
  const answer = await fetch(place)
  assert.equal(answer.status, 200)
  assert.equal(sha256(Buffer.from(await answer.arrayBuffer())), sha256(bytes))
  return answer
}

const cases = {
  async 'in one piece' () {
    const bytes = randomBytes(20 * MiB)
    const one = await upload(bytes)
    const answer = await holds(one.url, bytes)
    assert.match(answer.headers.get('content-disposition'), /^attachment; .*filename\*=UTF-8''h%C3%A4user/)
  },
  async 'in pieces of 1 MiB' () {
    const bytes = randomBytes(7 * MiB + 5)
    await holds((await upload(bytes, { chunkSize: MiB })).url, bytes)
  },
  async 'nothing' () {
    await holds((await upload(Buffer.alloc(0))).url, Buffer.alloc(0))
  },
  async 'with the first bytes in the creation' () {
    const bytes = randomBytes(5 * MiB)
    await holds((await upload(bytes, { uploadDataDuringCreation: true, chunkSize: 2 * MiB })).url, bytes)
  },
  async 'four at once, put together' () {
    const bytes = randomBytes(11 * MiB)
    await holds((await upload(bytes, { parallelUploads: 4 })).url, bytes)
  },
  async 'a stream of unknown length' () {
    const bytes = randomBytes(9 * MiB + 1)
    const stream = Readable.from((function * () { for (let at = 0; at < bytes.length; at += 70_000) yield bytes.subarray(at, at + 70_000) })(), { objectMode: false })
    await holds((await upload(stream, { uploadLengthDeferred: true, chunkSize: 2 * MiB })).url, bytes)
  },
  async 'POST in place of PATCH' () {
    const bytes = randomBytes(MiB)
    await holds((await upload(bytes, { overridePatchMethod: true })).url, bytes)
  },
  async 'stopped, and gone on with by another' () {
    const bytes = randomBytes(30 * MiB)
    let sent = 0
    const first = new tus.Upload(bytes, { endpoint: url, chunkSize: 5 * MiB })
    const place = await new Promise((resolve, reject) => {
      first.options.onError = reject
      first.options.onChunkComplete = (_, accepted) => { if (accepted >= 10 * MiB) first.abort().then(() => resolve(first.url), reject) }
      first.start()
    })
    await upload(bytes, { uploadUrl: place, onChunkComplete: size => { sent += size } })
    assert.ok(sent <= 20 * MiB, `${sent} bytes were sent again`)
    await holds(place, bytes)
  },
  async 'given up' () {
    const bytes = randomBytes(3 * MiB)
    const one = await upload(bytes)
    await tus.Upload.terminate(one.url)
    assert.ok([404, 410].includes((await fetch(one.url)).status))
  },
}

for (const [name, run] of Object.entries(cases)) {
  try {
    await run()
    console.log('ok    ', name)
  } catch (error) {
    process.exitCode = 1
    console.log('FAILED', name, error)
  }
}
