'use strict'

const test = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { weir, folder, failure } = require('./helper')

test('errors have a code, a kind, and say where and what to do', async (t) => {
  const dir = folder(t)
  const no = path.join(dir, 'no')
  const error = await failure(weir.copy(no, 'null:'))
  assert(error instanceof weir.WeirError && error instanceof Error)
  assert.equal(error.name, 'WeirError')
  assert.deepEqual([error.code, error.kind, error.stage, error.retry], ['ENOENT', 'not_found', 'file', weir.Retry.NEVER])
  assert.equal(error.operation, `read ${no}`)
  assert.equal(error.reason, 'No such file or directory')
  assert(error.message.includes(no))
  assert.match(error.stack, /^WeirError: cannot read/)

  fs.writeFileSync(path.join(dir, 'a'), 'no zstd, no zstd')
  assert.equal((await failure(weir.copy(path.join(dir, 'a'), 'null:', { through: 'unzstd' }))).kind, 'corrupt')
  assert.equal((await failure(weir.copy('gen:1KiB', path.join(dir, 'a'), { noClobber: true }))).code, 'EEXIST')
  assert.equal((await failure(weir.copy('gen:1KiB', 'null:', { budgetBytes: 1 }))).kind, 'budget_too_small')
  const budget = await failure(weir.copy('gen:1KiB', 'null:', { budgetBytes: 1 }))
  assert(budget.neededBytes > 1)
  assert.equal(budget.code, 'ERR_WEIR_BUDGET_TOO_SMALL')
})

test('a line that cannot be meant says where', () => {
  assert.throws(() => weir.pipe('gen:1KiB | zstt | null:').start(), (error) => error.code === 'EINVAL' && /zst/.test(error.message))
  assert.throws(() => weir.start('gen:1KiB', 'null:', { through: 'zstd levle=3' }), { kind: 'invalid_argument' })
})

test('errors that nobody waits for are no unhandled rejections', async () => {
  const job = weir.start('/no/such/file', 'null:')
  await job.ended()
  await new Promise(setImmediate)
  assert.equal(job.done, true)
})
