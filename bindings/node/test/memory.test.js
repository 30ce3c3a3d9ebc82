'use strict'
// What is slow holds up what is fast; nothing is kept, nothing leaks; the event loop goes on.

const test = require('node:test')
const assert = require('node:assert/strict')
const { PACKAGE, MIB, node } = require('./helper')

const frame = `
const fs = require('node:fs')
const MIB = 1 << 20
const { setTimeout: sleep } = require('node:timers/promises')
const resident = () => { gc(); return Number(fs.readFileSync('/proc/self/statm', 'utf8').split(' ')[1]) * 4096 / MIB }
let most = 0
let before = 0
const look = () => { most = Math.max(most, Number(fs.readFileSync('/proc/self/statm', 'utf8').split(' ')[1]) * 4096 / MIB - before) }
`

async function measured(t, body, words = []) {
  const child = node(`${frame};(async () => {${body}})().catch((error) => { console.error(error); process.exit(1) })`, words, { flags: ['--expose-gc'] })
  const { code, out, told } = await child.ended
  assert.deepEqual([code, told], [0, ''])
  t.diagnostic(out.trim())
  return JSON.parse(out)
}

const slowly = {
  'an iterable': "await weir.upload((function * () { for (let i = 0; i < 400; ++i) { look(); yield Buffer.alloc(MIB, i) } })(), 'null:', options)",
  'a Readable': "await weir.upload(require('node:stream').Readable.from((function * () { for (let i = 0; i < 400; ++i) { look(); yield Buffer.alloc(MIB, i) } })()), 'null:', options)",
  'a stream': `const { pipeline } = require('node:stream/promises')
    await pipeline(async function * () { for (let i = 0; i < 6400; ++i) { look(); yield Buffer.alloc(MIB / 16, i) } }, weir.createWriteStream('null:', options))`,
  'a web stream': `const writer = weir.openWritable('null:', options).getWriter()
    for (let i = 0; i < 400; ++i) { look(); await writer.ready; writer.write(new Uint8Array(MIB)) }
    await writer.close()`
}
for (const [what, work] of Object.entries(slowly)) {
  test(`a slow place holds up ${what}`, async (t) => {
    const { most } = await measured(t, `
      const options = { through: 'rate_limit 300MiB', budgetBytes: 16 * MIB }
      before = resident()
      ${work}
      console.log(JSON.stringify({ most }))`)
    assert(most < 128, `${most} MiB`) // 400 would be all of it
  })
}

test('a consumer that stands still holds up its source', async (t) => {
  const { most } = await measured(t, `
    before = resident()
    const streams = [weir.createReadStream('gen:1GiB', { through: 'sha256', budgetBytes: 16 * MIB }), weir.openReadable('gen:1GiB', { budgetBytes: 16 * MIB })]
    streams[0].once('readable', () => streams[0].read(10))
    await streams[1].getReader().read()
    for (let i = 0; i < 20; ++i) { await sleep(25); look() }
    console.log(JSON.stringify({ most }))
    process.exit()`)
  assert(most < 80, `${most} MiB`)
})

test('what is read and dropped does not pile up', async (t) => {
  const { most } = await measured(t, `
    before = resident()
    for await (const chunk of weir.createReadStream('gen:2GiB', { budgetBytes: 16 * MIB })) look()
    console.log(JSON.stringify({ most }))`)
  assert(most < 256, `${most} MiB`)
})

test('nothing is left over', async (t) => {
  const { grown, files, held } = await measured(t, `
    const { count } = require(process.argv[1] + '/lib/hosts.js')
    const name = '/tmp/weir-node-left-' + process.pid
    const work = async () => {
      await weir.upload(Buffer.alloc(100_000), name)
      await weir.download(name)
      await weir.pipe(weir.file(name), (data) => data, async function * (stream) { yield * stream }, 'null:').run()
      for await (const chunk of weir.createReadStream(name)) break
      await weir.copy(name + '-no', 'null:').catch(() => {})
      await weir.head(name)
      await new Blob(['x']).stream().pipeTo(weir.openWritable('null:'))
    }
    const open = () => fs.readdirSync('/proc/self/fd').length
    for (let i = 0; i < 30; ++i) await work()
    before = resident()
    const files = open()
    for (let i = 0; i < 200; ++i) await work()
    for (let i = 0; i < 50 && (count() > 1 || open() > files); ++i) { gc(); await sleep(20) }
    fs.rmSync(name)
    console.log(JSON.stringify({ grown: resident() - before, files: open() - files, held: count() }))`, [PACKAGE])
  assert(grown < 32 && files <= 0 && held === 1, JSON.stringify({ grown, files, held }))
})

const flows = {
  'a stream is read': "for await (const chunk of weir.createReadStream('gen:2GiB')) size += chunk.length",
  'an iterable is stored': "size = (await weir.upload((function * () { const piece = Buffer.alloc(MIB); for (let i = 0; i < 2048; ++i) yield piece })(), 'null:')).bytesRead",
  'a stream is written': `const piece = Buffer.alloc(MIB / 4)
    await require('node:stream/promises').pipeline((function * () { for (let i = 0; i < 8192; ++i) yield piece })(), weir.createWriteStream('null:'))
    size = 2048 * MIB`,
  'a stage runs in JavaScript': "size = (await weir.pipe('gen:2GiB', (data) => data, 'null:').run()).bytesAcked"
}
for (const [what, work] of Object.entries(flows)) {
  test(`the event loop goes on while ${what}, 2 GB`, async (t) => {
    const { size, p99, idle } = await measured(t, `
      let size = 0
      const p99While = async (work) => {
        let last = performance.now()
        const gaps = []
        const timer = setInterval(() => { const now = performance.now(); gaps.push(now - last); last = now }, 10)
        await work()
        clearInterval(timer)
        return gaps.sort((a, b) => a - b)[Math.floor(gaps.length * 0.99)]
      }
      const idle = await p99While(() => sleep(1000))
      const p99 = await p99While(async () => { ${work} })
      console.log(JSON.stringify({ size, p99, idle }))`)
    assert.equal(size, 2048 * MIB)
    assert(p99 < Math.max(20, 3 * idle), `p99 ${p99} ms, ${idle} ms where nothing runs`) // the machine may be busy with other things
  })
}
