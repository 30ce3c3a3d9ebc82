// Streams the body of each PUT into a store, at the pace of the store: node http_into_s3.mjs s3://bucket/incoming/ PORT
import { createServer } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { createWriteStream } from 'weir'

const [prefix, port = '8080'] = process.argv.slice(2)

const server = createServer(async (request, response) => {
  const out = createWriteStream(prefix + request.url.slice(1), { contentType: request.headers['content-type'], lend: true })
  try {
    await pipeline(request, out) // a client that goes away leaves nothing in the store
    response.end(`${JSON.stringify({ bytes: out.receipt.bytesStored, checksum: out.receipt.checksum })}\n`)
  } catch (error) {
    response.writeHead(error.code === 'EACCES' ? 403 : 502).end(`${error.message}\n`)
  }
})
server.listen(Number(port), () => console.log(`http://localhost:${server.address().port}`))
