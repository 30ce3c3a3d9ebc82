'use strict'
// Memory of the program's that jobs read: it stays, or it was copied; and it is let go of.

const test = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { weir, MIB, folder, failure, eventually, count, node } = require('./helper')

const moved = {
  'transferred away': 'const bytes = new Uint8Array(new ArrayBuffer(64 * MIB)).fill(7); const move = () => structuredClone(bytes.buffer, { transfer: [bytes.buffer] })',
  'made smaller': 'const bytes = new Uint8Array(new ArrayBuffer(64 * MIB, { maxByteLength: 64 * MIB })).fill(7); const move = () => bytes.buffer.resize(0)'
}
const slow = "{ through: 'rate_limit 32MiB', budgetBytes: 8 * MIB, lend: LEND }"
const ways = {
  'upload()': `weir.upload(bytes, process.argv[1], ${slow})`,
  'a stream': `new Promise((resolve, reject) => weir.createWriteStream(process.argv[1], ${slow}).on('error', reject).on('finish', resolve).end(bytes))`
}
const missing = (what) => (what === 'made smaller' && !ArrayBuffer.prototype.resize ? 'this Node has no ArrayBuffer.prototype.resize' : false)
for (const [what, make] of Object.entries(moved)) {
  for (const [way, call] of Object.entries(ways)) {
    for (const lend of [false, true]) {
      test(`bytes that are ${what} under ${way}${lend ? ' that they are lent to' : ''}`, { skip: missing(what) }, async (t) => {
        const name = path.join(folder(t), 'out')
        const child = node(`
          const MIB = 1 << 20
          ${make}
          const stored = ${call.replace('LEND', lend)}
          setTimeout(() => { move(); gc(); for (let i = 0; i < 64; ++i) new Uint8Array(MIB).fill(1) }, 30)
          stored.then(() => console.log('stored'), (error) => console.log(error.message))`, [name], { flags: ['--expose-gc'] })
        const { signal, out, told } = await child.ended
        assert.deepEqual([signal, told], [null, ''])
        if (out === 'stored\n') assert(fs.readFileSync(name).equals(Buffer.alloc(64 * MIB, 7)))
        else assert.match(out, /detached/)
      })
    }
  }
}

test('an upload that fails lets go of what it was given', async () => {
  const before = count()
  for (let i = 0; i < 10; ++i) {
    await failure(weir.upload(new Blob([Buffer.alloc(8 * MIB, 1)]), 'null:', { through: 'unzstd' }))
    await failure(weir.upload(Buffer.alloc(8 * MIB, 1), 'null:', { through: 'unzstd', lend: true }))
  }
  await eventually(() => count() <= before + 1) // the default context's logger
})
