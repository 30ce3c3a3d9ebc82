// @aws-sdk/client-s3 and lib-storage with their defaults.
import { Readable } from 'node:stream'
import { createRequire } from 'node:module'
import { drive, pieces, several, sizeOf, bucketAndKey, OBJECT } from './frame.mjs'

const require = createRequire(process.env.BENCH_NODE_PEERS + '/')
const { S3Client, GetObjectCommand, PutObjectCommand } = require('@aws-sdk/client-s3')
const { Upload } = require('@aws-sdk/lib-storage')
const client = new S3Client({ endpoint: process.env.AWS_ENDPOINT_URL, forcePathStyle: true })

await drive({
  up: (name, size) => new Upload({ client, params: { ...bucketAndKey(name), Body: Readable.from(pieces(size), { objectMode: false }) } }).done(),
  down: async (name) => sizeOf((await client.send(new GetObjectCommand(bucketAndKey(name)))).Body),
  many: (name, count) => several(count, (number) => {
    const { Bucket, Key } = bucketAndKey(name)
    return client.send(new PutObjectCommand({ Bucket, Key: Key + String(number).padStart(5, '0'), Body: OBJECT }))
  })
})
