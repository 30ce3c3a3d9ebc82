// Every operation of the SDK, against the double.
import { Readable } from 'node:stream';
import { assert, blob, origin, routeBlobHosts, runAll, state, test, text } from './tools.mjs';

const open = { access: 'public' };
routeBlobHosts();

test('put stores a string, a buffer, a stream and a blob', async () => {
  for (const [name, body] of [['a.txt', 'text'], ['b.bin', Buffer.from('bytes')], ['c.bin', Readable.from(['str', 'eam'])],
    ['d.bin', new Blob(['blob'])]]) {
    const result = await blob.put(`dir/${name}`, body, open);
    assert.equal(result.pathname, `dir/${name}`);
    assert.equal(result.url, `${origin}/_blob/public/weirtest1/dir/${name}`);
    assert.equal(result.downloadUrl, `${result.url}?download=1`);
    assert.match(result.etag, /^"[0-9a-f]{32}"$/);
    assert.equal(result.contentDisposition, `inline; filename="${name}"`);
  }
  assert.equal(await text((await fetch(`${origin}/_blob/public/weirtest1/dir/c.bin`)).body), 'stream');
});

test('put with progress reports it to the end', async () => {
  const seen = [];
  await blob.put('p.bin', Buffer.alloc(300000), { ...open, onUploadProgress: (p) => seen.push(p.percentage) });
  await new Promise((resolve) => { setTimeout(resolve, 500); }); // the SDK reports at most every 150 ms
  assert.equal(seen.at(-1), 100);
});

test('write options arrive: content type, cache, suffix, overwrite, match', async () => {
  const first = await blob.put('o.txt', 'one', { ...open, contentType: 'text/weir', cacheControlMaxAge: 77 });
  assert.equal(first.contentType, 'text/weir');
  assert.equal((await blob.head('o.txt')).cacheControl, 'public, max-age=77');
  assert.equal((await blob.head(first.url)).size, 3);
  await assert.rejects(blob.put('o.txt', 'two', open), /already exists/);
  await blob.put('o.txt', 'two', { ...open, allowOverwrite: true });
  const suffixed = await blob.put('o.txt', 'three', { ...open, addRandomSuffix: true });
  assert.match(suffixed.pathname, /^o-.{20,}\.txt$/);
  const now = await blob.head('o.txt');
  await blob.put('o.txt', 'four', { ...open, ifMatch: now.etag });
  await assert.rejects(blob.put('o.txt', 'five', { ...open, ifMatch: now.etag }), blob.BlobPreconditionFailedError);
  assert.equal((await blob.head('o.txt')).size, 4);
});

test('head tells size, time and headers, and not_found is an error of its own', async () => {
  await blob.put('h.json', '{}', open);
  const head = await blob.head('h.json');
  assert.equal(head.contentType, 'application/json');
  assert.ok(head.uploadedAt instanceof Date && !Number.isNaN(head.uploadedAt.getTime()));
  assert.equal(head.cacheControl, 'public, max-age=2592000');
  await assert.rejects(blob.head('none'), blob.BlobNotFoundError);
});

test('list pages with cursors and folds folders', async () => {
  for (const name of ['l/1', 'l/2', 'l/x/1', 'l/x/2', 'l/y/1', 'm']) await blob.put(name, name, open);
  const all = [];
  let cursor;
  do {
    const page = await blob.list({ prefix: 'l/', limit: 2, cursor });
    assert.ok(page.blobs.length <= 2);
    all.push(...page.blobs.map((b) => b.pathname));
    cursor = page.cursor;
    assert.equal(Boolean(cursor), page.hasMore);
  } while (cursor);
  assert.deepEqual(all, ['l/1', 'l/2', 'l/x/1', 'l/x/2', 'l/y/1']);
  const folded = await blob.list({ prefix: 'l/', mode: 'folded' });
  assert.deepEqual(folded.folders, ['l/x/', 'l/y/']);
  assert.deepEqual(folded.blobs.map((b) => b.pathname), ['l/1', 'l/2']);
  assert.equal(folded.hasMore, false);
  assert.equal((await blob.list({ prefix: 'none' })).blobs.length, 0);
});

test('del removes one and many, and what is not there is no error', async () => {
  const one = await blob.put('d/1', '1', open);
  await blob.put('d/2', '2', open);
  await assert.rejects(blob.del('d/1', { ifMatch: '"no"' }), blob.BlobPreconditionFailedError);
  await blob.del([one.url, 'd/2', 'd/3']);
  assert.deepEqual((await state()).blobs, {});
});

test('copy and rename move bytes inside the store', async () => {
  const from = await blob.put('c/from.txt', 'copied', open);
  assert.equal((await blob.copy(from.url, 'c/to.txt', open)).pathname, 'c/to.txt');
  await assert.rejects(blob.copy('c/none', 'c/to2', open), blob.BlobNotFoundError);
  await assert.rejects(blob.copy('c/from.txt', 'c/to.txt', open), /already exists/);
  assert.equal((await blob.rename('c/to.txt', 'c/renamed.txt', open)).pathname, 'c/renamed.txt');
  assert.deepEqual(Object.keys((await state()).blobs).sort(), ['c/from.txt', 'c/renamed.txt']);
});

test('createFolder makes an empty blob that ends in a slash', async () => {
  assert.equal((await blob.createFolder('folder')).pathname, 'folder/');
  assert.equal((await state()).blobs['folder/'].length, 0);
});

test('multipart put joins parts in order, whatever order they came in', async () => {
  const bytes = Buffer.alloc(17 * 1024 * 1024 + 5);
  for (let i = 0; i < bytes.length; i += 4096) bytes.writeUInt32LE(i, i);
  const result = await blob.put('big.bin', bytes, { ...open, multipart: true });
  assert.match(result.etag, /-3"$/);
  assert.equal(Buffer.compare(Buffer.from(await (await fetch(result.url)).arrayBuffer()), bytes), 0);
  assert.deepEqual((await state()).uploads, {});
});

test('multipart by hand and by uploader, and short middle parts are refused', async () => {
  const part = Buffer.alloc(5 * 1024 * 1024, 1);
  const upload = await blob.createMultipartUpload('hand.bin', open);
  const parts = [];
  for (const number of [2, 1]) {
    parts.push(await blob.uploadPart('hand.bin', number === 1 ? part : Buffer.from('end'),
      { ...open, key: upload.key, uploadId: upload.uploadId, partNumber: number }));
  }
  await blob.completeMultipartUpload('hand.bin', parts, { ...open, key: upload.key, uploadId: upload.uploadId });
  assert.equal((await blob.head('hand.bin')).size, part.length + 3);

  const uploader = await blob.createMultipartUploader('short.bin', open);
  const short = [await uploader.uploadPart(1, Buffer.alloc(1024)), await uploader.uploadPart(2, part)];
  await assert.rejects(uploader.complete(short), /same length/);
  await assert.rejects(blob.uploadPart('x', part, { ...open, key: 'x', uploadId: 'none', partNumber: 1 }), blob.BlobNotFoundError);
});

test('get reads whole blobs, knows 304 and gives null for what is not there', async () => {
  await blob.put('g/ä b.txt', 'got', open);
  const got = await blob.get('g/ä b.txt', open);
  assert.equal(await text(got.stream), 'got');
  assert.equal(got.blob.size, 3);
  assert.equal((await blob.get('g/ä b.txt', { ...open, ifNoneMatch: got.blob.etag })).statusCode, 304);
  assert.equal(await blob.get('none', open), null);
});

test('a signed token lets its bearer put, read and delete by presigned URLs', async () => {
  const token = await blob.issueSignedToken({ pathname: 's.txt', operations: ['put', 'get', 'delete'], maximumSizeInBytes: 10 });
  const url = async (operation) => (await blob.presignUrl(token, { ...open, operation, pathname: 's.txt' })).presignedUrl;
  const put = await url('put');
  assert.equal((await fetch(put, { method: 'PUT', body: 'signed' })).status, 200);
  assert.equal((await fetch(put.replace('s.txt', 't.txt'), { method: 'PUT', body: 'other' })).status, 403);
  assert.equal((await fetch(put, { method: 'PUT', body: 'x'.repeat(11) })).status, 400);
  assert.equal((await fetch(await url('delete'), { method: 'DELETE' })).status, 200);
  assert.deepEqual((await state()).blobs, {});
});

await runAll();
