import { MemoryStore } from '../index.ts'

export { MemoryStore as default, MemoryStore as 'module.exports' }
