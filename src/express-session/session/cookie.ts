import { Cookie } from '../index.ts'

export { Cookie as default, Cookie as 'module.exports' }
