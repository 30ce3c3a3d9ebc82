// Copies one file or object, through stages: node upload_ten_lines.mjs big.csv s3://bucket/big.csv.zst 'zstd level=3'
import { copy } from 'weir'

const [source, destination, through] = process.argv.slice(2)
try {
  const receipt = await copy(source, destination, { through })
  console.log(`${receipt.bytesStored} bytes stored, verified: ${receipt.checksumVerified}`)
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
