import { Store } from '../index.ts'

export { Store as default, Store as 'module.exports' }
