'use strict'
// Calls that wait, on a server that is slow to answer, and functions that give keys.

const test = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const http = require('node:http')
const path = require('node:path')
const { weir, folder, failure, eventually, node, sleep } = require('./helper')

const KEYS = { accessKeyId: 'a', secretAccessKey: 'b' }

/** One that has nothing, and answers when it is told to. */
async function server(t) {
  const waiting = []
  const made = http.createServer((_request, response) => waiting.push(() => response.writeHead(404).end())).listen(0)
  await new Promise((resolve) => made.once('listening', resolve))
  t.after(() => {
    made.closeAllConnections()
    made.close()
  })
  return { url: `http://127.0.0.1:${made.address().port}`, waiting }
}

test('a function that gives keys may call what waits', { timeout: 20_000 }, async (t) => {
  const { url, waiting } = await server(t)
  const timer = setInterval(() => waiting.splice(0).forEach((answer) => answer()), 5)
  t.after(() => clearInterval(timer))
  const credentials = async () => {
    await weir.head(__filename)
    return KEYS
  }
  const context = new weir.Context({ s3EndpointUrl: url, credentials })
  const errors = await Promise.all(Array.from({ length: 40 }, () => failure(weir.head('s3://bucket/key', { context }))))
  for (const { code } of errors) assert.equal(code, 'ENOENT')
})

test('a function that gives no keys in time fails what waits for them', async () => {
  const child = node(`
    const { setTimeout: real } = globalThis
    globalThis.setTimeout = (action, ms) => real(action, ms / 200)
    const context = new weir.Context({ s3EndpointUrl: 'http://127.0.0.1:1', credentials: () => new Promise(() => {}) })
    const failed = (promise) => promise.then(() => console.log('?'), ({ code }) => console.log(code))
    ;(async () => {
      await failed(weir.head('s3://bucket/key', { context }))
      await failed(weir.copy('s3://bucket/key', 'null:', { context }))
    })()`, [], { seconds: 20 })
  assert.deepEqual((await child.ended).out, 'EACCES\nEACCES\n')
})

test('a call that was aborted before its turn is not made', async (t) => {
  const { url, waiting } = await server(t)
  const name = path.join(folder(t), 'a')
  fs.writeFileSync(name, 'x')
  const context = new weir.Context({ s3EndpointUrl: url, credentials: () => KEYS })
  const before = Array.from({ length: 16 }, () => failure(weir.head('s3://bucket/key', { context })))
  const stop = new AbortController()
  const removed = failure(weir.remove(name, { context, signal: stop.signal }))
  await eventually(() => waiting.length > 0)
  stop.abort()
  assert.equal((await removed).name, 'AbortError')
  const timer = setInterval(() => waiting.splice(0).forEach((answer) => answer()), 5)
  t.after(() => clearInterval(timer))
  await Promise.all(before)
  await sleep(100)
  assert(fs.existsSync(name))
})

test('a listing is aborted while it waits for a page', { timeout: 20_000 }, async (t) => {
  const { url, waiting } = await server(t)
  const context = new weir.Context({ s3EndpointUrl: url, credentials: () => KEYS })
  const stop = new AbortController()
  const listed = failure(weir.list('s3://bucket/', { context, signal: stop.signal }).next())
  await eventually(() => waiting.length > 0)
  stop.abort()
  assert.equal((await listed).name, 'AbortError')
  waiting.splice(0).forEach((answer) => answer())
})
