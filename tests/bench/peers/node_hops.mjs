// The same hops by Node streams: node_hops.mjs CHUNKS prints ns, and ns of CPU, for each chunk.
import { Readable, Transform, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

const chunks = Number(process.argv[2])
const chunk = Buffer.alloc(64 * 1024, 'x')
let left = chunks
let bytes = 0
const hop = () => new Transform({ transform: (each, _, done) => done(null, each) })
const source = new Readable({ read() { while (this.push(left-- > 0 ? chunk : null) && left >= 0); } })
const sink = new Writable({ write: (each, _, done) => { bytes += each.length; done() } })
const begun = process.hrtime.bigint()
const cpu = process.cpuUsage()
await pipeline(source, hop(), hop(), sink)
const wall = Number(process.hrtime.bigint() - begun)
const { user, system } = process.cpuUsage(cpu)
if (bytes !== chunks * chunk.length) process.exit(1)
console.log((wall / chunks).toFixed(1), (((user + system) * 1000) / chunks).toFixed(1))
