// The SDK signs by globalThis.crypto, which Node has from 19 on without being asked.
globalThis.crypto ??= require('node:crypto').webcrypto
