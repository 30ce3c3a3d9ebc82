// What the tests share: the SDK as installed, the double's own requests, and a runner that tells what failed.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import path from 'node:path';

const require = createRequire(path.join(process.env.WEIR_VERCEL_SDK, 'anything.js'));
export const load = async (name) => import(pathToFileURL(require.resolve(name)));
export const blob = await load('@vercel/blob');
export const client = await load('@vercel/blob/client');
export const undici = await load('undici');
export { assert };

const api = new URL(process.env.VERCEL_BLOB_API_URL);
export const origin = api.origin;

export async function control(name, body) {
  const answer = await fetch(`${origin}/_weir/${name}`, body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) });
  assert.ok(answer.ok, `${name}: ${answer.status} ${answer.ok ? '' : await answer.text()}`);
  return answer.status === 204 ? null : answer.json();
}
export const state = () => control('state');
export const reset = () => control('reset', null);
export const faults = (list) => control('faults', list);
export const text = async (stream) => new Response(stream).text();

// get() goes to https://STORE.ACCESS.blob.vercel-storage.com whatever the API's URL is: this sends it to the double.
export function routeBlobHosts() {
  const real = new undici.Agent();
  const dispatcher = {
    dispatch(options, handler) {
      const match = /^https:\/\/([^.]+)\.(public|private)\.blob\.vercel-storage\.com$/.exec(String(options.origin));
      if (!match) return real.dispatch(options, handler);
      return real.dispatch({ ...options, origin, path: `/_blob/${match[2]}/${match[1]}${options.path}` }, handler);
    },
    close: () => real.close(),
    destroy: () => real.destroy(),
  };
  const Dispatcher = undici.Dispatcher;
  class Routed extends Dispatcher {
    dispatch(options, handler) { return dispatcher.dispatch(options, handler); }
    close() { return dispatcher.close(); }
    destroy() { return dispatcher.destroy(); }
  }
  undici.setGlobalDispatcher(new Routed());
}

const late = () => new Promise((_, reject) => { setTimeout(() => reject(new Error('not done within 60 s')), 60000).unref(); });
const tests = [];
export const test = (name, run) => tests.push([name, run]);
export async function runAll() {
  let failed = 0;
  for (const [name, run] of tests) {
    try {
      await reset();
      await Promise.race([run(), late()]);
      console.log(`ok   ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAIL ${name}\n${error.stack}`);
    }
  }
  console.log(`${tests.length - failed} of ${tests.length} passed`);
  process.exit(failed === 0 && tests.length > 0 ? 0 : 1);
}
