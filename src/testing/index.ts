export { login, type LoginOptions, type TestLogin } from './login.ts'
export {
  type TestClock,
  testSessions,
  type TestSessions,
  type TestSessionsOptions,
} from './test-sessions.ts'
