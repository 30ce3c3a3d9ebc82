'use strict'
// The end of the program, worker threads, loading.

const test = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { weir, PACKAGE, folder, node, MIB } = require('./helper')

const out = 'process.argv[1]'
const running = {
  'a job': `const job = weir.start('gen:100GiB', ${out}, { through: 'rate_limit 1MiB' })`,
  'a job with a stage': `weir.pipe('gen:100GiB', (data) => data, 'rate_limit 1MiB', weir.to(${out})).start()`,
  'a stage that does not answer': `weir.pipe('gen:100GiB', () => new Promise(() => {}), weir.to(${out})).start()`,
  'a generator': `weir.pipe('gen:100GiB', async function * (stream) { yield * stream }, 'null:').start()`,
  'a stream that is written': `const stream = weir.createWriteStream(${out}); stream.on('error', () => {}); stream.write(Buffer.alloc(5000000))`,
  'lent memory': `weir.upload(Buffer.alloc(200000000), ${out}, { through: 'rate_limit 1MiB' }).catch(() => {})`,
  'a stream that is read': `const stream = weir.createReadStream('gen:100GiB', { through: 'rate_limit 1MiB' }); stream.on('data', () => {})`,
  'a copy of many': `weir.copyMany(['/usr/share/doc/', '/usr/share/doc/'], ${out} + '/', { recursive: true, dryRun: true, onItem: () => {} }).catch(() => {})`,
  'a web stream': `weir.openReadable('gen:100GiB', { through: 'rate_limit 1MiB' }).pipeTo(weir.openWritable('null:')).catch(() => {})`
}

for (const [what, begin] of Object.entries(running)) {
  test(`process.exit() while there is ${what}`, async (t) => {
    const dir = folder(t)
    const begun = Date.now()
    const child = node(`${begin}; setTimeout(() => { console.log('end'); process.exit(7) }, 150)`, [path.join(dir, 'out')], { seconds: 30 })
    assert.deepEqual(await child.ended, { code: 7, signal: null, out: 'end\n', told: '' })
    assert(Date.now() - begun < 9000, 'the jobs were told to stop') // else they are given up after ten seconds
    assert.deepEqual(fs.readdirSync(dir), [])
  })

  test(`a worker is terminated while there is ${what}`, async (t) => {
    const dir = folder(t)
    const inside = `const weir = require(${JSON.stringify(PACKAGE)}); process.argv[1] = require('node:worker_threads').workerData; ${begin}; setTimeout(() => {}, 10000)`
    const child = node(`
      const { Worker } = require('node:worker_threads')
      const worker = new Worker(${JSON.stringify(inside)}, { eval: true, workerData: process.argv[1] })
      worker.on('error', (error) => console.error(error))
      setTimeout(async () => { console.log(await worker.terminate()); console.log((await weir.copy('gen:1MiB', 'null:')).bytesRead) }, 400)`, [path.join(dir, 'out')], { seconds: 30 })
    assert.deepEqual(await child.ended, { code: 0, signal: null, out: '1\n1048576\n', told: '' })
    assert.deepEqual(fs.readdirSync(dir), [])
  })
}

test('an exception that nobody catches ends the program while a job runs', async () => {
  const child = node("weir.pipe('gen:100GiB', (data) => data, 'null:').start(); setTimeout(() => { throw new Error('mine') }, 50)", [], { seconds: 30 })
  const { code, signal, told } = await child.ended
  assert.deepEqual([code, signal], [1, null])
  assert.match(told, /Error: mine/)
})

test('exit from inside a stage', async () => {
  const child = node("weir.pipe('gen:100GiB', () => process.exit(5), 'null:').start()", [], { seconds: 30 })
  assert.deepEqual(await child.ended, { code: 5, signal: null, out: '', told: '' })
})

test('a program ends by itself when its jobs have, and not before', async () => {
  const first = node("weir.pipe('gen:1MiB', 'rate_limit 4MiB', 'null:').start().result().then((receipt) => console.log(receipt.bytesRead))")
  assert.equal((await first.ended).out, '1048576\n')
  const second = node("weir.copy('gen:100GiB', 'null:'); weir.start('gen:100GiB', 'null:').unref(); process.exitCode = 3; setTimeout(() => process.exit(), 50)")
  assert.equal((await second.ended).code, 3)
  const third = node("new weir.Context(); weir.createReadStream('gen:100GiB'); weir.start('gen:100GiB', 'null:').unref(); console.log('end')")
  assert.equal((await third.ended).out, 'end\n')
})

test('workers work beside each other', async () => {
  const child = node(`
    const { Worker } = require('node:worker_threads')
    const work = ${JSON.stringify(`
      const weir = require(${JSON.stringify(PACKAGE)})
      const { parentPort, threadId } = require('node:worker_threads')
      weir.upload((async function * () { for (let i = 0; i < 40; ++i) yield Buffer.alloc(250000, threadId) })(), 'null:', { through: weir.pipe((data) => data, 'sha256') })
        .then((receipt) => parentPort.postMessage(receipt.bytesRead))`)}
    for (let i = 0; i < 4; ++i) new Worker(work, { eval: true }).on('message', (size) => console.log(size))`)
  assert.deepEqual(await child.ended, { code: 0, signal: null, out: '10000000\n'.repeat(4), told: '' })
})

test('ESM and CJS are one package', async () => {
  const program = `import * as all from ${JSON.stringify(path.join(PACKAGE, 'lib/index.mjs'))}
    import weir from ${JSON.stringify(path.join(PACKAGE, 'lib/index.mjs'))}
    import { createRequire } from 'node:module'
    const required = createRequire('/')(${JSON.stringify(PACKAGE)})
    const { default: one, ...names } = all
    console.log(weir === required, Object.keys(names).sort().join() === Object.keys(required).sort().join(), all.WeirError === required.WeirError)`
  const { spawnSync } = require('node:child_process')
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
  assert.deepEqual([stdout, stderr], ['true true true\n', ''])
})

test('what cannot be loaded says why, and for which platform', (t) => {
  const copy = path.join(folder(t), 'weir')
  fs.cpSync(PACKAGE, copy, { recursive: true })
  const [platform] = fs.readdirSync(path.join(copy, 'prebuilds'))
  const load = () => require('node:child_process').spawnSync(process.execPath, ['-e', 'require(process.argv[1])', copy], { encoding: 'utf8' }).stderr
  fs.readdirSync(path.join(copy, 'prebuilds', platform)).filter((name) => name.startsWith('libweir')).forEach((name) => fs.rmSync(path.join(copy, 'prebuilds', platform, name)))
  const told = load()
  assert(told.includes(platform) && /libweir\.so\.\d+: cannot open shared object file/.test(told), told)
  fs.rmSync(path.join(copy, 'prebuilds'), { recursive: true })
  assert.match(load(), /weir\.node is not there/)
})

test('features and version', () => {
  assert.match(weir.version, /^\d+\.\d+\.\d+$/)
  assert.equal(weir.version, require(path.join(PACKAGE, 'package.json')).version)
  for (const name of ['file', 's3', 'zstd']) assert(weir.features.includes(name))
  assert.equal(MIB, 1048576)
})
