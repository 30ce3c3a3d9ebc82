// weir's own package.
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createRequire } from 'node:module'
import { drive, pieces, several, sizeOf, OBJECT } from './frame.mjs'

const { createReadStream, createWriteStream, source, upload } = createRequire(import.meta.url)(process.env.BENCH_WEIR_NODE)

const lend = process.env.BENCH_COPIED === undefined // memory goes both ways without a copy, as it does in C

await drive({
  up: (name, size) => pipeline(Readable.from(pieces(size), { objectMode: false }), createWriteStream(name, { lend })),
  down: (name) => sizeOf(lend ? source(name).chunks() : createReadStream(name)),
  many: (name, count) => several(count, (number) => upload(OBJECT, name + String(number).padStart(5, '0')))
})
