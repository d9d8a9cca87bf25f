import { Session } from '../index.ts'

export { Session as default, Session as 'module.exports' }
