'use strict'
// The addon: found and opened.

const path = require('node:path')

function libc() {
  if (process.platform !== 'linux') return ''
  return process.report.getReport().header.glibcVersionRuntime ? '-gnu' : '-musl'
}

function open() {
  const platform = `${process.platform}-${process.arch}${libc()}`
  const place = path.join(__dirname, '..', 'prebuilds', platform, 'weir.node')
  try {
    return require(place)
  } catch (error) {
    const reason = error.code === 'MODULE_NOT_FOUND' ? `${place} is not there` : error.message
    throw new Error(`weir cannot load its addon for ${platform}: ${reason}\n` +
      '"npm run build" in the folder of the package builds it; it needs CMake, a compiler and the library weir.', { cause: error })
  }
}

module.exports = open()
