import weir from './index.js'

export default weir
export const {
  version, features, WeirError, Retry,
  Context, defaultContext, setDefaultContext,
  copy, copyMany, upload, download, start, Job, Pipeline, pipe,
  createReadStream, createWriteStream, createTransform, openReadable, openWritable,
  source, to, file, stage, lines, grep, zstd, unzstd, gzip, gunzip, sha256, tee, filter, map, pieces, generate, custom,
  head, remove, copyInside, presign, list, Unfinished, unfinished
} = weir
