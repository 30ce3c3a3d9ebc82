// Stages written in JavaScript between those of the library: node own_stages.mjs SOURCE DESTINATION
import { filter, lines, pipe, source, to, zstd } from 'weir'

const errors = pipe(lines(), filter((line) => line.includes('ERROR'))) // a piece of pipeline, used as often as one likes

// An async generator sees the stream as it comes, here in whole lines.
async function * number(stream) {
  let count = 0
  for await (const piece of stream) {
    yield Buffer.from(piece.toString().replace(/^(?=.)/gm, () => `${String(++count).padStart(6)}  `))
  }
}

const [from, destination] = process.argv.slice(2)
const job = pipe(source(from), errors, number, zstd(), to(destination)).start()
for await (const progress of job) console.error(`${progress.bytesRead} bytes read`)
console.log(`${(await job.result()).bytesStored} bytes stored`)
