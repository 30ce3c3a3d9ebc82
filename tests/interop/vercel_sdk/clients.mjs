// Client tokens: the SDK's through the double, weir's by the SDK, and the callback after an upload.
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import { assert, blob, client, runAll, state, test } from './tools.mjs';

const open = { access: 'public' };
const probe = process.env.WEIR_VERCEL_PROBE;
const generate = client.generateClientTokenFromReadWriteToken;

test('a client token uploads its pathname, and nothing else', async () => {
  const token = await generate({ pathname: 'c.txt', maximumSizeInBytes: 5, allowedContentTypes: ['text/*'] });
  assert.equal((await client.put('c.txt', 'hello', { ...open, token })).pathname, 'c.txt');
  await assert.rejects(client.put('d.txt', 'hello', { ...open, token }), blob.BlobPathnameMismatchError);
  await assert.rejects(client.put('c.txt', 'hello!', { ...open, token }), blob.BlobFileTooLargeError);
  await assert.rejects(client.put('c.txt', 'h', { ...open, token, contentType: 'image/png' }), blob.BlobContentTypeNotAllowedError);
  await assert.rejects(blob.head('c.txt', { token }), /client token/);
  await assert.rejects(client.put('c.txt', 'h', { ...open, token: `${token}x` }), blob.BlobAccessError);
});

test('an expired client token says so', async () => {
  const token = await generate({ pathname: 'c.txt', validUntil: Date.now() - 1 });
  await assert.rejects(client.put('c.txt', 'h', { ...open, token }), blob.BlobClientTokenExpiredError);
});

test('a client token uploads in parts, and its own options count', async () => {
  const token = await generate({ pathname: 'm.bin', addRandomSuffix: true, cacheControlMaxAge: 99 });
  const result = await client.put('m.bin', Buffer.alloc(6 * 1024 * 1024), { ...open, token, multipart: true });
  assert.match(result.pathname, /^m-.+\.bin$/);
  assert.equal((await state()).blobs[result.pathname].maxAge, 99);
});

test('upload() through a route of handleUpload, with the signed callback', async () => {
  let done;
  const completed = new Promise((resolve) => { done = resolve; });
  const route = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    try {
      const answer = await client.handleUpload({
        body: JSON.parse(Buffer.concat(chunks)),
        request: new Request(`http://${request.headers.host}/`, { method: 'POST', headers: request.headers }),
        onBeforeGenerateToken: async () => ({ tokenPayload: 'kept', callbackUrl: `http://${request.headers.host}/` }),
        onUploadCompleted: async (event) => done(event),
      });
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
    } catch (error) {
      console.log(`route: ${error.stack}`);
      response.writeHead(400).end(String(error));
    }
  });
  await new Promise((resolve) => { route.listen(0, '127.0.0.1', resolve); });
  const url = `http://127.0.0.1:${route.address().port}/`;
  const result = await client.upload('u.txt', 'uploaded', { ...open, handleUploadUrl: url });
  const event = await completed;
  assert.equal(event.blob.pathname, result.pathname);
  assert.equal(event.tokenPayload, 'kept');
  route.close();
});

if (probe) {
  test("the SDK uploads with weir's client token, within its limits", async () => {
    const token = execFileSync(probe, ['token', 'w.txt', '8'], { encoding: 'utf8' }).trim();
    assert.equal((await client.put('w.txt', 'by weir', { ...open, token })).pathname, 'w.txt');
    await assert.rejects(client.put('w.txt', 'more than 8', { ...open, token }), blob.BlobFileTooLargeError);
    await assert.rejects(client.put('v.txt', 'x', { ...open, token }), blob.BlobPathnameMismatchError);
    const payload = client.getPayloadFromClientToken(token);
    assert.equal(payload.pathname, 'w.txt');
    assert.ok(payload.validUntil > Date.now() && payload.validUntil <= Date.now() + 3600_000);
  });
}

await runAll();
