import * as weir from './index.js'
export * from './index.js'
export default weir
