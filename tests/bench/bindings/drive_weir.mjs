// weir's own package.
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createRequire } from 'node:module'
import { drive, pieces, several, sizeOf, OBJECT } from './frame.mjs'

const { createReadStream, createWriteStream, upload } = createRequire(import.meta.url)(process.env.BENCH_WEIR_NODE)

await drive({
  up: (name, size) => pipeline(Readable.from(pieces(size), { objectMode: false }), createWriteStream(name)),
  down: (name) => sizeOf(createReadStream(name)),
  many: (name, count) => several(count, (number) => upload(OBJECT, name + String(number).padStart(5, '0')))
})
