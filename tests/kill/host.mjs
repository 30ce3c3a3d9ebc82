// As host.py, on the Node package, which WEIR_NODE_PACKAGE names.
import { createRequire } from 'node:module'
import { parseArgs } from 'node:util'

const { Context, WeirError, copy, pieces, pipe, upload } = createRequire(import.meta.url)(process.env.WEIR_NODE_PACKAGE)

const mib = (text) => (text === undefined ? undefined : Number(text.replace(/MiB$/, '')) * 2 ** 20)
const number = (text) => (text === undefined ? undefined : Number(text))

const text = { type: 'string' }
const { values, positionals: [, source, destination] } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: 'boolean' }, json: { type: 'boolean' }, 'own-stage': { type: 'boolean' }, 'state-dir': text, 'endpoint-url': text, through: text,
    'part-size': text, concurrency: text, 'limit-rate': text, memory: text
  },
  args: process.argv.slice(2)
})
if (values.help) process.exit() // how long it takes to start
const own = pieces((data) => Buffer.from(data))
const through = values['own-stage'] ? pipe(own, ...(values.through ? [values.through] : [])) : values.through
const context = new Context({
  ledger: true, stateDir: values['state-dir'], s3EndpointUrl: values['endpoint-url'], bytesPerSecond: mib(values['limit-rate']), budgetBytes: mib(values.memory)
})
let last
const options = { context, through, partBytes: number(values['part-size']), concurrency: number(values.concurrency), onProgress: (progress) => { last = progress } }
try {
  const receipt = await (source === '-' ? upload(process.stdin, destination, options) : copy(source, destination, options))
  console.log(JSON.stringify({ event: 'done', bytes_resumed: receipt.bytesResumed, facts: receipt.facts }))
  console.log(JSON.stringify({ event: 'summary', bytes_sent: last.bytesSent, bytes_received: last.bytesReceived }))
} catch (error) {
  if (!(error instanceof WeirError)) throw error
  console.error(error.message)
  process.exitCode = 1
}
