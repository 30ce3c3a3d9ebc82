'use strict'
// The examples, as they stand.

const test = require('node:test')
const assert = require('node:assert/strict')
const { spawn } = require('node:child_process')
const { createHash } = require('node:crypto')
const { once } = require('node:events')
const fs = require('node:fs')
const http = require('node:http')
const path = require('node:path')
const { weir, S3, MIB, PACKAGE, folder, objects, onS3, s3Context, pattern, eventually } = require('./helper')

/** In a folder where "weir" is installed. */
function begin(t, name, ...words) {
  const dir = folder(t)
  fs.mkdirSync(path.join(dir, 'node_modules'))
  fs.symlinkSync(PACKAGE, path.join(dir, 'node_modules/weir'))
  const program = path.join(dir, name)
  fs.copyFileSync(path.join(__dirname, '../examples', name), program)
  return (env = {}) => {
    const child = spawn(process.execPath, [program, ...words], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...(S3 ? { AWS_ENDPOINT_URL_S3: S3 } : {}), ...env } })
    child.out = child.told = ''
    child.stdout.on('data', (data) => { child.out += data })
    child.stderr.on('data', (data) => { child.told += data })
    child.ended = once(child, 'close').then(([code, signal]) => ({ code, signal, out: child.out, told: child.told }))
    t.after(() => child.kill('SIGKILL'))
    return child
  }
}

test('upload_ten_lines.mjs', async (t) => {
  const out = path.join(folder(t), 'out')
  assert.deepEqual(await begin(t, 'upload_ten_lines.mjs', 'gen:1MiB', out, 'zstd level=3')().ended,
    { code: 0, signal: null, out: `${fs.statSync(out, { throwIfNoEntry: false })?.size ?? (await weir.head(out)).size} bytes stored, verified: false\n`, told: '' })
  const { code, told } = await begin(t, 'upload_ten_lines.mjs', '/no/such/file', out)().ended
  assert.deepEqual([code, told], [1, 'cannot read /no/such/file: No such file or directory\n'])
})

test('own_stages.mjs', async (t) => {
  const dir = folder(t)
  fs.writeFileSync(path.join(dir, 'log'), Array.from({ length: 1000 }, (_, i) => (i % 100 ? `fine ${i}\n` : `ERROR ${i}\n`)).join(''))
  const { code, out } = await begin(t, 'own_stages.mjs', path.join(dir, 'log'), path.join(dir, 'out.zst'))().ended
  assert.deepEqual([code, out], [0, `${fs.statSync(path.join(dir, 'out.zst')).size} bytes stored\n`])
  const text = (await weir.download(path.join(dir, 'out.zst'), { through: 'unzstd' })).toString()
  assert.equal(text, Array.from({ length: 10 }, (_, i) => `${String(i + 1).padStart(6)}  ERROR ${i * 100}\n`).join(''))
})

// The scripted server, which is in Python, takes a minute for that much.
const quick = { skip: onS3.skip || (process.env.WEIR_TEST_S3_SERVER === 'fault' ? 'needs a server of some speed: versitygw' : false) }

test('compress_hash_upload.mjs on S3 survives kill -9', quick, async (t) => {
  const dir = folder(t)
  const large = path.join(dir, 'large')
  const data = require('node:crypto').randomBytes(48 * MIB)
  fs.writeFileSync(large, data)
  const name = objects()('large.zst')
  const run = begin(t, 'compress_hash_upload.mjs', large, name)
  const state = { XDG_STATE_HOME: path.join(dir, 'state') }
  const context = new weir.Context({ ledger: true, stateDir: path.join(dir, 'state/weir'), s3EndpointUrl: S3 })
  const child = run(state)
  await eventually(async () => child.exitCode !== null || (await weir.unfinished({ context })).some((job) => job.bytesStored > 0))
  child.kill('SIGKILL')
  assert.equal((await child.ended).signal, 'SIGKILL')
  const { code, out } = await run(state).ended
  assert.equal(code, 0)
  assert.match(out, /unfinished: s3:.* bytes are safe\n/)
  assert(out.includes(`sha256 ${createHash('sha256').update(data).digest('hex')}`), out)
  assert(Number(/, (\d+) of an earlier run/.exec(out)[1]) > 0, out)
  assert((await weir.download(name, { context, through: 'unzstd' })).equals(data))
})

test('http_into_s3.mjs on S3', onS3, async (t) => {
  const s3 = objects()
  const child = begin(t, 'http_into_s3.mjs', s3(), '0')()
  await eventually(() => child.out.includes('\n'))
  const url = child.out.trim()
  const data = pattern(7 * MIB)
  const answer = await (await fetch(`${url}/body`, { method: 'PUT', body: data, headers: { 'content-type': 'text/x-body' } })).json()
  assert.equal(answer.bytes, data.length)
  const context = s3Context()
  assert.equal((await weir.head(s3('body'), { context })).contentType, 'text/x-body')
  assert((await weir.download(s3('body'), { context })).equals(data))
  // Not by fetch(): Node 18 forgets the signal of one whose Request was collected.
  const half = http.request(`${url}/half`, { method: 'PUT' }).on('error', () => {})
  await new Promise((resolve) => half.write(data, resolve))
  half.destroy()
  await new Promise((resolve) => half.on('close', resolve))
  assert.equal((await (await fetch(`${url}/after`, { method: 'PUT', body: 'after' })).json()).bytes, 5)
  const names = []
  for await (const entry of weir.list(s3(), { context })) names.push(entry.key.split('/').pop())
  assert.deepEqual(names, ['after', 'body'])
})
