'use strict'
// The tarball, installed into a clean folder without a compiler.

const test = require('node:test')
const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { PACKAGE, folder } = require('./helper')

const npm = process.env.NPM ?? 'npm'

function run(cwd, command, ...words) {
  const { status, stdout, stderr } = spawnSync(command, words, { cwd, encoding: 'utf8', env: { ...process.env, CC: 'false', CXX: 'false' } })
  assert.equal(status, 0, `${command} ${words.join(' ')}\n${stdout}${stderr}`)
  return stdout
}

test('npm pack and npm install give a package that works, in both kinds of module', (t) => {
  const dir = folder(t)
  const tarball = run(dir, npm, 'pack', '--silent', PACKAGE).trim()
  fs.writeFileSync(path.join(dir, 'package.json'), '{"name":"app","private":true}')
  run(dir, npm, 'install', '--silent', '--offline', '--no-audit', '--no-fund', path.join(dir, tarball))
  const installed = path.join(dir, 'node_modules/weir')
  assert.deepEqual(fs.readdirSync(installed).sort(), ['CMakeLists.txt', 'README.md', 'lib', 'package.json', 'prebuilds', 'src'])
  fs.writeFileSync(path.join(dir, 'a.mjs'), "import { copy } from 'weir'\nconsole.log((await copy('gen:1KiB', 'null:')).bytesRead)")
  fs.writeFileSync(path.join(dir, 'b.js'), "require('weir').copy('gen:1KiB', 'null:').then((receipt) => console.log(receipt.bytesRead))")
  for (const name of ['a.mjs', 'b.js']) assert.equal(run(dir, process.execPath, name), '1024\n')
  const inside = spawnSync(process.execPath, ['-e', "require('weir/lib/native.js')"], { cwd: dir, encoding: 'utf8' })
  assert.match(inside.stderr, /ERR_PACKAGE_PATH_NOT_EXPORTED/)
})

test('the addon needs the library beside it and libc, nothing else', () => {
  const [platform] = fs.readdirSync(path.join(PACKAGE, 'prebuilds'))
  const text = run(PACKAGE, 'readelf', '-d', path.join('prebuilds', platform, 'weir.node'))
  const needed = [...text.matchAll(/NEEDED.*\[(.*)\]/g)].map(([, name]) => name).filter((name) => !/^(libc|ld-linux)/.test(name))
  assert.equal(needed.length, 1)
  assert.match(needed[0], /^libweir\.so\.\d+$/)
  assert(fs.existsSync(path.join(PACKAGE, 'prebuilds', platform, needed[0])))
  assert.match(text, /R(UN)?PATH.*\[\$ORIGIN\]/)
})
