// Compiled, never run: what programs write has the types that they expect, and slips are errors.
import * as http from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import weir, {
  Context, Job, Pipeline, Progress, Receipt, Retry, Unfinished, WeirError, copy, createReadStream, createTransform, createWriteStream, custom,
  download, features, file, filter, generate, head, list, lines, map, openReadable, openWritable, pieces, pipe, presign, stage, start, to,
  unfinished, upload, zstd
} from 'weir'

export async function all(signal: AbortSignal): Promise<void> {
  const context = new Context({ ledger: true, s3Region: 'eu-north-1', credentials: async () => ({ accessKeyId: 'a', secretAccessKey: 'b' }), logger: (line: string) => console.log(line) })
  const receipt: Receipt = await copy('a', new URL('file:///b'), { through: 'zstd', signal, onProgress: (progress: Progress) => progress.etaSeconds?.toFixed() })
  const facts: string | undefined = receipt.facts['sha256']
  await upload(Buffer.from('x'), 's3://b/k', { context, metadata: { a: 'b' }, partBytes: 5n << 20n })
  await upload((function * () { yield new Uint8Array(1) })(), 'a')
  await upload(Readable.from([]), 'a')
  await upload(new Blob([]), 'a')
  const bytes: Buffer = await download('a')
  const stored: Receipt = await download('a', 'b')
  const count: number = await download('a', new Uint8Array(10), { through: 'unzstd' })
  const job: Job = start('a', 'b', { readOffset: 10, readBytes: 20 })
  for await (const progress of job) console.log(progress.state === 'running', progress.bytesTotal ?? 0)
  job.pause()
  const pipeline_: Pipeline = pipe(file('log'), lines(), filter((line) => line.includes('ERROR')), zstd({ level: 3 }), 'sha256',
    (data) => data.subarray(1), async function * (stream) { for await (const data of stream) yield data }, to('s3://b/k'))
  await pipeline_.run({ signal })
  pipe('a', map((line) => [line, line]), pieces(async () => null), generate(async function * () {}), custom(() => ({ process: (data) => data })), stage('take', { bytes: 1 }))
  for await (const chunk of pipe('a', 'zstd')) console.log(chunk.length)
  for await (const chunk of file('a').chunks({ signal })) console.log(chunk.readUInt8())
  await pipeline(createReadStream('a', { encoding: 'utf8' }), createTransform('gzip'), createWriteStream('b', { lend: true, highWaterMark: 1 }))
  http.createServer((request, response) => {
    const out = createWriteStream('b')
    request.pipe(out).on('finish', () => response.end(String(out.receipt?.bytesStored)))
  })
  await openReadable('a').pipeTo(openWritable('b', { exactBytes: 10 }))
  const crc: bigint | null = (await head('a')).crc64nvme
  for await (const { name, isFolder } of list('s3://b/', { folders: true })) console.log(name, isFolder)
  const url: string = await presign('s3://b/k', { method: 'PUT', seconds: 60 })
  const jobs: Unfinished[] = await unfinished({ context })
  await (await jobs[0]!.resume()).result()
  try {
    await copy('a', 'b')
  } catch (error) {
    if (error instanceof WeirError && error.retry === Retry.TRANSIENT) console.log(error.code, error.offset, error.cause)
  }
  console.log(facts, bytes, stored, count, crc, url, features.includes('s3'), weir.version)

  // @ts-expect-error a name is needed
  await copy(7, 'b')
  // @ts-expect-error there is no such option
  await copy('a', 'b', { levle: 3 })
  // @ts-expect-error text is no bytes
  await upload('text', 'b')
  // @ts-expect-error jobs are made by start()
  new Job()
  // @ts-expect-error a stage gives bytes
  pipe('a', () => 7)
  // @ts-expect-error a receipt cannot be written
  receipt.parts = 7
}
