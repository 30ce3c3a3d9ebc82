'use strict'
// Reading without a copy: Pipeline.chunks().

const test = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { weir, MIB, folder, pattern, failure, node } = require('./helper')

const data = pattern(5 * MIB + 3)

function stored(t) {
  const name = path.join(folder(t), 'a')
  fs.writeFileSync(name, data)
  return name
}

test('chunks are the whole, also through stages', async (t) => {
  const name = stored(t)
  for (const pipeline of [weir.source(name), weir.pipe(weir.source(name), 'zstd | unzstd')]) {
    let at = 0
    for await (const chunk of pipeline.chunks()) {
      assert(chunk.equals(data.subarray(at, at + chunk.length)))
      at += chunk.length
    }
    assert.equal(at, data.length)
  }
})

test('a chunk has no bytes once the next is asked for, nor has the last behind the end', async (t) => {
  const kept = []
  for await (const chunk of weir.source(stored(t)).chunks()) {
    assert(kept.every((before) => before.length === 0))
    kept.push(chunk)
    assert(chunk.length > 0)
  }
  assert(kept.length > 4)
  assert.equal(kept.at(-1).length, 0)
})

test('a loop that is left, and one that throws, stop the job and give its memory back', async (t) => {
  const name = stored(t)
  let left
  for await (const chunk of weir.source(name).chunks()) {
    left = chunk
    break
  }
  assert.equal(left.length, 0)
  const error = new Error('mine')
  await assert.rejects(async () => {
    for await (const chunk of weir.source(name).chunks()) {
      left = chunk
      throw error
    }
  }, error)
  assert.equal(left.length, 0)
})

test('memory that was moved away stays valid as long as somebody has it', async (t) => {
  if (Number(process.versions.node.split('.')[0]) < 20) return t.skip('this Node has no ArrayBuffer.prototype.transfer')
  const flags = ArrayBuffer.prototype.transfer ? [] : ['--harmony-rab-gsab-transfer']
  const { out, told } = await node(`(async () => {
    const bytes = require('node:fs').readFileSync(process.argv[1])
    let moved
    let at = 0
    for await (const chunk of weir.source(process.argv[1]).chunks()) {
      if (moved === undefined) moved = chunk.buffer.transfer()
      at += chunk.length
    }
    console.log(at + moved.byteLength === bytes.length, Buffer.from(moved).equals(bytes.subarray(0, moved.byteLength)))
  })()`, [stored(t)], { flags }).ended
  assert.equal(out, 'true true\n', told)
})

test('errors of the source come out of the loop; so does an abort, and what onProgress throws', async (t) => {
  const name = stored(t)
  const read = async (pipeline, options) => {
    for await (const chunk of pipeline.chunks(options)) assert(chunk.length > 0)
  }
  assert.equal((await failure(read(weir.source(`${name}.none`)))).kind, 'not_found')
  assert.equal((await failure(read(weir.pipe(weir.source(name), 'unzstd')))).kind, 'corrupt')
  const slow = weir.pipe(weir.source(name), 'rate_limit 1MiB')
  const signal = AbortSignal.timeout(50)
  assert.equal(await failure(read(slow, { signal })), signal.reason)
  assert.equal(await failure(read(slow, { signal: AbortSignal.abort(7) })), 7)
  const error = new Error('mine')
  assert.equal(await failure(read(slow, { onProgress() { throw error } })), error)
})

test('many gigabytes go through a little memory', async () => {
  const { out, told } = await node(`(async () => {
    let size = 0
    for await (const chunk of weir.source('gen:4GiB').chunks({ budgetBytes: 16 << 20 })) size += chunk.length
    console.log(size, process.resourceUsage().maxRSS)
  })()`).ended
  const [size, peakKiB] = out.split(' ').map(Number)
  assert.equal(told, '')
  assert.equal(size, 4096 * MIB)
  assert(peakKiB < 160 * 1024, `${peakKiB} KiB`)
})
