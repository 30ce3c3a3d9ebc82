// Every error of the SDK that the service can cause: what the double answers becomes that class.
import { assert, blob, faults, runAll, state, test } from './tools.mjs';

const open = { access: 'public' };
const refusal = (status, code, message, headers = {}) =>
  faults([{ op: 'put', action: 'status', status, code, ...(message ? { message } : {}), headers, times: 9 }]);
const putting = () => blob.put('e.txt', 'e', open);

for (const [code, status, type, message] of [
  ['store_suspended', 403, 'BlobStoreSuspendedError'],
  ['forbidden', 403, 'BlobAccessError'],
  ['not_found', 404, 'BlobNotFoundError'],
  ['store_not_found', 404, 'BlobStoreNotFoundError'],
  ['precondition_failed', 412, 'BlobPreconditionFailedError'],
  ['bad_request', 400, 'BlobError'],
  ['not_allowed', 403, 'BlobUnknownError'],
  ['client_token_not_allowed', 403, 'BlobError'],
  ['oidc_environment_not_allowed', 403, 'BlobError'],
  ['bad_request', 400, 'BlobContentTypeNotAllowedError', '"contentType" text/plain is not allowed'],
  ['bad_request', 400, 'BlobPathnameMismatchError', '"pathname" x does not match the token payload'],
  ['forbidden', 403, 'BlobClientTokenExpiredError', 'Token expired'],
  ['bad_request', 400, 'BlobFileTooLargeError', 'the file length cannot be greater than 5'],
]) {
  test(`${code} ${message ?? ''} is ${type}, at once`, async () => {
    await refusal(status, code, message);
    await assert.rejects(putting(), (error) => error instanceof blob[type]);
    assert.equal((await state()).log.length, 1);
  });
}

test('rate_limited tells Retry-After and is not repeated', async () => {
  await refusal(429, 'rate_limited', 'slow down', { 'Retry-After': '7' });
  await assert.rejects(putting(), (error) => error instanceof blob.BlobServiceRateLimited && error.retryAfter === 7);
  assert.equal((await state()).log.length, 1);
});

for (const [code, status, type] of [['service_unavailable', 503, 'BlobServiceNotAvailable'],
  ['internal_server_error', 500, 'BlobUnknownError'], ['unknown_error', 500, 'BlobUnknownError'], ['', 502, 'BlobUnknownError']]) {
  test(`${code || 'what is no JSON'} is repeated under one request id`, async () => {
    await faults([{ op: 'put', action: 'status', status, code, times: 1 }]);
    assert.equal((await putting()).pathname, 'e.txt');
    const { log } = await state();
    assert.deepEqual(log.map((entry) => entry.headers['x-api-blob-request-attempt']), ['0', '1']);
    assert.equal(log[0].headers['x-api-blob-request-id'], log[1].headers['x-api-blob-request-id']);
  });
}

test('a reset connection is repeated', async () => {
  await faults([{ op: 'put', action: 'reset_request_at', at: 10 }]);
  assert.equal((await putting()).pathname, 'e.txt');
});

test('a wrong token, store or path is refused', async () => {
  await assert.rejects(blob.put('e.txt', 'e', { ...open, token: 'vercel_blob_rw_WeirTest1_wrong' }), blob.BlobAccessError);
  await assert.rejects(blob.put('e.txt', 'e', { access: 'private' }), /private access on a public store/);
  await assert.rejects(blob.put('a//b', 'e', open), /cannot contain/);
  await assert.rejects(blob.put('x'.repeat(951), 'e', open), /too long/);
});

await runAll();
