// The SDK's requests and weir's for the same operations, as the double recorded them: equal but for what is listed here.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { assert, blob, reset, runAll, state, test } from './tools.mjs';

const open = { access: 'public', allowOverwrite: true, addRandomSuffix: false };
const described = { ...open, contentType: 'text/weir', cacheControlMaxAge: 77 };
// weir looks after it wrote, which is its proof of the length, and before it completes, which tells a lost reply.
const isLook = (entry) => entry.op === 'head';

// What must be the same, in a form that can be compared. Ids are made anew by each side and each upload.
function essence(entry) {
  const headers = { ...entry.headers };
  assert.match(headers['x-api-blob-request-id'], /^WeirTest1:\d{13}:[0-9A-Za-z]+$/);
  assert.match(headers.authorization, /^Bearer vercel_blob_rw_WeirTest1_/);
  for (const name of ['x-api-blob-request-id', 'x-mpu-upload-id', 'authorization']) {
    if (name in headers) headers[name] = 'present';
  }
  delete headers['content-length'];
  delete headers['transfer-encoding'];
  // What fetch() says of a string or a blob; of buffers it says nothing, as weir.
  if (entry.op === 'put' || entry.op === 'upload') delete headers['content-type'];
  const body = { ...entry.body };
  if (entry.op === 'complete') {
    body.text = JSON.parse(body.text).sort((a, b) => a.partNumber - b.partNumber); // the SDK sends them as they ended
    delete body.sha256;
    delete body.length;
  }
  return { op: entry.op, method: entry.method, path: entry.path, query: entry.query, headers, body, status: entry.status };
}

const order = (a, b) => (a.op === 'upload' && b.op === 'upload'
  ? a.headers['x-mpu-part-number'] - b.headers['x-mpu-part-number'] : 0);
const recorded = async () => (await state()).log.map(essence).sort(order);

test('the same operations are the same requests', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'weir-same-'));
  try {
    const bytes = Buffer.alloc(10 * 1024 * 1024, 'weir');
    writeFileSync(path.join(folder, 'big.bin'), bytes);
    await blob.put('same/a b.txt', 'small', described);
    await blob.put('same/big.bin', bytes, { ...open, multipart: true });
    await blob.head('same/a b.txt');
    await blob.list({ prefix: 'same/', limit: 100, mode: 'folded' });
    await blob.copy('same/a b.txt', 'same/copy.txt', described);
    await blob.del(['same/a b.txt', 'same/copy.txt']);
    const theirs = await recorded();
    await reset();
    execFileSync(process.env.WEIR_VERCEL_PROBE, ['operations', path.join(folder, 'big.bin')], { stdio: 'inherit' });
    const ours = await recorded();
    const looks = ours.filter(isLook);
    assert.ok(looks.length > 1);
    for (const look of looks) assert.deepEqual(look.headers, theirs.find(isLook).headers);
    assert.deepEqual(looks[0].query, theirs.find(isLook).query);
    const without = (list) => list.filter((entry) => !isLook(entry));
    assert.ok(without(theirs).length >= 8);
    assert.deepEqual(without(ours), without(theirs));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

await runAll();
