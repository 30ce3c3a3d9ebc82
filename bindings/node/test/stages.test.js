'use strict'
// Stages written in JavaScript.

const test = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { weir, MIB, folder, failure, eventually, sleep, count, node } = require('./helper')

const TEXT = Buffer.from(Array.from({ length: 60_000 }, (_, i) => `line ${i}\n`).join('') + 'no end')
const LINES = TEXT.toString().split(/(?<=\n)/)

function textFile(t) {
  const name = path.join(folder(t), 'lines')
  fs.writeFileSync(name, TEXT)
  return weir.file(name)
}

async function outOf(pipeline) {
  const chunks = []
  for await (const chunk of pipeline) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const upper = (data) => Buffer.from(data.toString('latin1').toUpperCase(), 'latin1')
const later = async (value) => {
  await sleep(1)
  return value
}

test('filter and map see lines', async (t) => {
  const text = textFile(t)
  const sevens = weir.filter((line) => /7\s*$/.test(line))
  assert.equal((await outOf(weir.pipe(text, weir.lines(), sevens))).toString(), LINES.filter((line) => /7\s*$/.test(line)).join(''))
  assert((await outOf(weir.pipe(text, weir.map(upper)))).equals(upper(TEXT)))
  const twice = weir.map((line) => (line.includes('7') ? [line, line] : null))
  const found = await outOf(weir.pipe(text, sevens, twice, weir.grep('77')))
  assert.equal(found.toString(), LINES.filter((line) => /7\s*$/.test(line) && line.includes('77')).map((line) => line + line).join(''))
  const slowly = weir.filter((line) => (line.includes('59999') ? later(true) : false))
  assert.equal((await outOf(weir.pipe(text, slowly))).toString(), 'line 59999\n')
})

test('a line that is longer than lines may be ends the job', async () => {
  const same = weir.map((line) => line)
  for (const stage of [same, weir.filter(() => true)]) {
    const begun = Date.now()
    const { cause } = await failure(weir.upload(Buffer.concat([Buffer.from('short\n'), Buffer.alloc(256 * MIB, 97)]), 'null:', { through: stage }))
    assert.equal(cause.kind, 'limit')
    assert.equal(cause.offset, 6)
    assert(Date.now() - begun < 10_000)
  }
  const long = Buffer.concat([Buffer.alloc(MIB - 1, 97), Buffer.from('\n'), Buffer.alloc(MIB, 98), Buffer.from('\n')])
  assert.equal((await failure(weir.upload(long, 'null:', { through: same }))).cause.offset, MIB)
  assert.equal((await weir.upload(long.subarray(0, MIB + 10), 'null:', { through: same })).bytesStored, MIB + 10)
})

test('functions stand between the others', async (t) => {
  const text = textFile(t)
  const kinds = {
    'a function': upper,
    'an async function': async (data) => later(upper(data)),
    'a function that gives an array': (data) => [upper(data.subarray(0, 10)), null, upper(data.subarray(10))],
    'a generator function': function * (data) {
      yield upper(data.subarray(0, 1))
      yield upper(data.subarray(1))
    },
    'an async generator function': async function * (stream) {
      for await (const data of stream) yield upper(data)
    },
    'a function that gives a Uint8Array': (data) => new Uint8Array(upper(data))
  }
  for (const [what, work] of Object.entries(kinds)) {
    assert((await outOf(weir.pipe(text, work))).equals(upper(TEXT)), what)
  }
  const receipt = await weir.pipe(text, 'zstd', 'unzstd', upper, weir.sha256(), 'null:').run()
  assert.equal(receipt.bytesRead, TEXT.length)
})

test('an async generator sees the whole stream', async (t) => {
  const text = textFile(t)
  async function * count(stream) {
    let size = 0
    for await (const data of stream) size += data.length
    yield Buffer.from(String(size))
  }
  async function * first(stream) {
    yield Buffer.from('begin ')
    for await (const data of stream) {
      yield data.subarray(0, 4)
      return
    }
  }
  async function * nothing() {}
  assert.equal((await outOf(weir.pipe(text, count))).toString(), String(TEXT.length))
  assert.equal((await outOf(weir.pipe(text, first))).toString(), 'begin line')
  assert.equal((await outOf(weir.pipe(text, nothing))).length, 0)
  const out = path.join(folder(t), 'out')
  await weir.copy('gen:3MiB', out, { through: weir.pipe(count, weir.sha256()) })
  assert.equal(fs.readFileSync(out, 'utf8'), String(3 * MIB))
})

test('a stage is an object with process, finish and close', async (t) => {
  let closed = 0
  const counter = weir.custom(() => {
    let size = 0
    return {
      process(data) { size += data.length },
      finish: () => Buffer.from(String(size)),
      close() { closed += 1 }
    }
  })
  const text = textFile(t)
  assert.equal((await outOf(weir.pipe(text, counter))).toString(), String(TEXT.length))
  assert.equal((await outOf(weir.pipe(text, counter))).toString(), String(TEXT.length))
  await eventually(() => closed === 2)
  assert.throws(() => weir.pipe(text, counter, 'zzstd', 'null:').start(), /zzstd/)
  await eventually(() => closed === 3)
})

const mine = new Error('mine')
const broken = {
  'a function': () => { throw mine },
  'an async function': async () => { throw mine },
  'a generator': async function * (stream) {
    for await (const data of stream) {
      yield data
      throw mine
    }
  },
  'a filter': weir.filter(() => { throw mine }),
  'a map': weir.map(() => Promise.reject(mine))
}
for (const [what, stage] of Object.entries(broken)) {
  test(`${what} that throws fails the job with its reason`, async (t) => {
    const text = textFile(t)
    const out = path.join(folder(t), 'out')
    const attempts = [() => weir.pipe(text, stage, out).run(), () => outOf(weir.pipe(text, stage)), () => weir.copy('gen:1MiB', out, { through: stage })]
    for (const attempt of attempts) {
      const error = await failure(attempt())
      assert.equal(error.code, 'EIO')
      assert.equal(error.cause, mine)
      assert.match(error.message, /Error: mine/)
    }
    assert.equal(fs.existsSync(out), false)
  })
}

test('a stage that gives the wrong type', async () => {
  for (const wrong of ['text', 7, true, Symbol('s'), ['text'], [7], {}, Promise.resolve('text')]) {
    const error = await failure(weir.pipe('gen:1KiB', () => wrong, 'null:').run())
    assert(error.cause instanceof TypeError, String(error))
  }
  assert.equal((await failure(weir.pipe('gen:1KiB', () => { throw null }, 'null:').run())).kind, 'io')
  assert.throws(() => weir.pipe('gen:1KiB', weir.custom(() => ({})), 'null:').start(), TypeError)
  assert.throws(() => weir.pipe('gen:1KiB', weir.custom(() => { throw mine }), 'null:').start(), mine)
})

test('a stage that gives without end is stopped', async () => {
  const endless = function * () {
    for (;;) yield Buffer.alloc(MIB)
  }
  for (const stage of [endless, async function * () { yield * endless() }]) {
    assert.equal((await failure(weir.pipe('gen:1KiB', stage, 'null:').run())).cause.kind, 'limit')
  }
})

test('what has no text may be thrown', async () => {
  assert.equal((await failure(weir.pipe('gen:1KiB', () => { throw Object.create(null) }, 'null:').run())).code, 'EIO')
})

test('what is no stage', () => {
  for (const wrong of [undefined, null, 7, Buffer.from('x'), {}]) assert.throws(() => weir.pipe('gen:1KiB', wrong), TypeError)
  for (const make of [weir.filter, weir.map, weir.pieces, weir.generate, weir.custom]) assert.throws(() => make('text'), TypeError)
})

test('text cannot name a function', async () => {
  assert.throws(() => weir.pipe('gen:1KiB | node 0 | null:').start(), /same call again/)
  assert.throws(() => weir.start('gen:1KiB', 'null:', { through: 'node 0' }), /same call again/)
})

test('a stage that never answers is left behind when its job is cancelled', async () => {
  for (const stuck of [() => new Promise(() => {}), async function * (stream) { await new Promise(() => {}) }]) {
    const job = weir.pipe('gen:100GiB', stuck, 'null:').start()
    await sleep(50)
    job.cancel()
    assert.equal((await failure(job.result())).kind, 'cancelled')
  }
})

test('a generator whose job is cancelled is ended', async () => {
  let begun = false
  let ended = false
  const job = weir.pipe('gen:100GiB', async function * (stream) {
    try {
      begun = true
      yield * stream
    } finally {
      ended = true
    }
  }, 'rate_limit 4MiB', 'null:').start()
  await eventually(() => begun)
  job.cancel()
  await job.ended()
  await eventually(() => ended)
})

test('stages may use weir', async () => {
  const inside = weir.pieces(async (data) => {
    assert.equal((await weir.upload(data, 'null:')).bytesRead, data.length)
    return data
  })
  assert.equal((await weir.pipe('gen:1MiB', inside, 'null:').run()).bytesAcked, MIB)
})

test('nothing is held when all is over', async () => {
  const child = node(`
    const { count } = require(process.argv[1] + '/lib/hosts.js')
    ;(async () => {
      for (let i = 0; i < 50; ++i) {
        await weir.pipe('gen:300KiB', (data) => data, async function * (stream) { yield * stream }, 'null:').run()
        await weir.pipe('gen:1KiB', () => { throw new Error() }, 'null:').run().catch(() => {})
        await weir.upload(Buffer.alloc(9000000), 'null:')
      }
      await new Promise((resolve) => setTimeout(resolve, 100))
      console.log(count())
    })()`, [require('./helper').PACKAGE])
  assert.deepEqual((await child.ended).out, '1\n') // the default context's logger
})
