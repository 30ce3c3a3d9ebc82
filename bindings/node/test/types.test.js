'use strict'
// The types are those of the package, as tsc sees them with --strict.

const test = require('node:test')
const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { weir, PACKAGE, folder } = require('./helper')

const PACKAGES = ['typescript@5.9', '@types/node@18']

/** A folder with tsc, installed once. */
function tools() {
  const cache = path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'), 'weir')
  const final = path.join(cache, 'node-types-1')
  if (fs.existsSync(final)) return final
  fs.mkdirSync(cache, { recursive: true })
  const made = fs.mkdtempSync(path.join(cache, '.node-types-'))
  const { status, stderr } = spawnSync(process.env.NPM ?? 'npm', ['install', '--silent', '--prefix', made, ...PACKAGES], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  try {
    fs.renameSync(made, final)
  } catch (error) { // another one was faster
    fs.rmSync(made, { recursive: true })
    if (!fs.existsSync(final)) throw error
  }
  return final
}

for (const [module, resolution] of [['commonjs', 'node10'], ['node16', 'node16'], ['esnext', 'bundler']]) {
  test(`tsc --strict takes what programs write, as ${module} with ${resolution}`, (t) => {
    const dir = folder(t)
    const modules = path.join(dir, 'node_modules')
    fs.mkdirSync(modules)
    fs.symlinkSync(PACKAGE, path.join(modules, 'weir'))
    for (const name of ['@types', 'undici-types']) fs.symlinkSync(path.join(tools(), 'node_modules', name), path.join(modules, name))
    for (const name of module === 'node16' ? ['types.mts', 'types.cts'] : ['types.ts']) {
      let text = fs.readFileSync(path.join(__dirname, 'types.ts'), 'utf8')
      // Of CommonJS there is no default.
      if (name !== 'types.mts' && module !== 'esnext') text = text.replace('import weir, {', "import weir = require('weir')\nimport {")
      fs.writeFileSync(path.join(dir, name), text)
      const words = ['--strict', '--noEmit', '--noUncheckedIndexedAccess', '--exactOptionalPropertyTypes', '--preserveSymlinks', '--target', 'es2022', '--module', module, '--moduleResolution', resolution, '--types', 'node', name]
      const { status, stdout } = spawnSync(process.execPath, [path.join(tools(), 'node_modules/typescript/bin/tsc'), ...words], { cwd: dir, encoding: 'utf8' })
      assert.deepEqual([status, stdout], [0, ''], name)
    }
  })
}

test('what is declared is there, and what is there is declared', () => {
  const text = fs.readFileSync(path.join(PACKAGE, 'lib/index.d.ts'), 'utf8')
  const declared = [...text.matchAll(/^export (?:const|class|function) (\w+)/gm)].map(([, name]) => name)
  assert.deepEqual([...new Set(declared)].sort(), Object.keys(weir).sort())
})
