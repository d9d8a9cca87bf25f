export { handleOf, storedId } from '../session-names.ts'
