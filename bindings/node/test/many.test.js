'use strict'
// Many files in one call.

const test = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { weir, folder, failure, eventually, count } = require('./helper')

function tree(t) {
  const dir = folder(t)
  fs.mkdirSync(path.join(dir, 'tree/b'), { recursive: true })
  fs.writeFileSync(path.join(dir, 'tree/one'), '1'.repeat(1000))
  fs.writeFileSync(path.join(dir, 'tree/b/two'), '2'.repeat(70000))
  fs.writeFileSync(path.join(dir, 'tree/b/x.tmp'), '3')
  return dir
}

test('a tree is copied, and each item is told', async (t) => {
  const dir = tree(t)
  const items = []
  const seen = []
  const summary = await weir.copyMany(`${dir}/tree/`, `${dir}/out/`, {
    recursive: true, filters: [['exclude', '*.tmp']], onItem: (item) => items.push(item), onProgress: (progress) => seen.push(progress)
  })
  assert.deepEqual([summary.copied, summary.failed, summary.bytesCopied, summary.allFound], [2, 0, 71000, true])
  assert.deepEqual(items.map(({ bytes }) => bytes).sort((a, b) => a - b), [1000, 70000])
  assert(items.every((item) => item.outcome === 'done' && item.receipt.bytesStored === item.bytes && item.error === null))
  assert.equal(seen.at(-1), summary)
  assert.equal(fs.readFileSync(`${dir}/out/b/two`, 'utf8').length, 70000)
  assert.equal(fs.existsSync(`${dir}/out/b/x.tmp`), false)
  assert.equal((await weir.copyMany(`${dir}/tree/`, `${dir}/out/`, { recursive: true, update: 'sizeAndTime' })).kept, 2)
  assert.equal((await weir.copyMany(`${dir}/tree/b/*`, `${dir}/more/`, { globs: true, dryRun: true })).planned, 2)
  await eventually(() => count() <= 1)
})

test('what fails stops no other, and is told', async (t) => {
  const dir = tree(t)
  const error = await failure(weir.copyMany([`${dir}/tree/one`, `${dir}/not there`], `${dir}/out/`))
  assert.deepEqual([error.kind, error.summary.copied, error.summary.failed], ['incomplete', 1, 1])
  assert.equal(error.failures[0].error.code, 'ENOENT')
  assert.match(error.message, /1 of 2 were not copied/)
  assert(fs.existsSync(`${dir}/out/one`))
})

test('what onItem throws, and an AbortSignal, stop the rest', async (t) => {
  const dir = tree(t)
  const many = path.join(dir, 'many')
  fs.mkdirSync(many)
  for (let i = 0; i < 500; ++i) fs.writeFileSync(path.join(many, String(i)), 'x')
  const mine = new Error('mine')
  assert.equal(await failure(weir.copyMany(`${many}/`, `${dir}/a/`, { recursive: true, files: 1, onItem() { throw mine } })), mine)
  assert(fs.readdirSync(`${dir}/a`).length < 500)
  const stop = new AbortController()
  const error = await failure(weir.copyMany(`${many}/`, `${dir}/b/`, { recursive: true, files: 1, signal: stop.signal, onItem: () => stop.abort() }))
  assert.equal(error.name, 'AbortError')
  assert(fs.readdirSync(`${dir}/b`).length < 500)
})

test('what makes no sense', async (t) => {
  const dir = tree(t)
  await assert.rejects(weir.copyMany([], `${dir}/out/`), { kind: 'invalid_argument' })
  await assert.rejects(weir.copyMany('a', `${dir}/out/`, { update: 'sometimes' }), TypeError)
  await assert.rejects(weir.copyMany('a', `${dir}/out/`, { filters: [['with', '*']] }), { kind: 'invalid_argument' })
  await assert.rejects(weir.copyMany('a', `${dir}/out/`, { through: 'zstd' }), TypeError)
  await assert.rejects(weir.copyMany(7, `${dir}/out/`), TypeError)
  await assert.rejects(weir.copyMany('a', `${dir}/out/`, { onItem: 7 }), TypeError)
})
