// Stores a file compressed, with its SHA-256, and goes on where it was if it is killed: run it again.
//   node compress_hash_upload.mjs SOURCE DESTINATION
import { Context, copy, unfinished } from 'weir'

const [source, destination] = process.argv.slice(2)
const context = new Context({ ledger: true })
for (const job of await unfinished({ context })) console.log(`unfinished: ${job.destination}, ${job.bytesStored} bytes are safe`)
const receipt = await copy(source, destination, {
  context,
  through: 'sha256 | zstd',
  onProgress: ({ bytesDone, bytesTotal, limitedBy }) => process.stderr.write(`${bytesDone} of ${bytesTotal ?? '?'} bytes, limited by ${limitedBy || '...'}\n`)
})
console.log(`${receipt.bytesStored} bytes stored, ${receipt.bytesResumed} of an earlier run, sha256 ${receipt.facts.sha256}`)
