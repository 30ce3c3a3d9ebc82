// The frame of every driver in JavaScript: as frame.py.
export const PIECE = Buffer.alloc(1 << 20, 'w')
export const OBJECT = Buffer.alloc(64 << 10)
export const AT_ONCE = 16

export function * pieces (size) {
  for (let left = size; left > 0; left -= PIECE.length) yield left < PIECE.length ? PIECE.subarray(0, left) : PIECE
}

/** work(number) for each number below `count`, some at once. */
export async function several (count, work) {
  let next = 0
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (next < count) await work(next++)
  }))
}

export async function sizeOf (chunks) {
  let size = 0
  for await (const chunk of chunks) size += chunk.length
  return size
}

export const bucketAndKey = (name) => {
  const [, Bucket, Key] = /^s3:\/\/([^/]+)\/(.*)$/.exec(name)
  return { Bucket, Key }
}

export async function drive (actions) {
  const [action, name, amount] = process.argv.slice(2)
  if (!(action in actions)) throw new Error(`it has no ${action}`)
  const cpu = process.cpuUsage()
  const wall = process.hrtime.bigint()
  const got = await actions[action](name, Number(amount))
  if (action === 'down' && got !== Number(amount)) throw new Error(`${got} bytes came, and not ${amount}`)
  const used = process.cpuUsage(cpu)
  process.stdout.write(JSON.stringify({ wall_s: Number(process.hrtime.bigint() - wall) / 1e9, cpu_s: (used.user + used.system) / 1e6 }) + '\n',
    () => process.exit(0))
}
