import { SessionError } from '../errors.ts'

/** Of this site alone: neither `//elsewhere` nor `/\elsewhere` is a path to browsers. */
export function isPath(text: string): boolean {
  return /^\/(?![/\\])[\u0021-\u007e]*$/.test(text)
}

/** @throws SessionError `invalid_option`; @param name of the option, for the message */
export function refuseUnlessPath(path: string | undefined, name: string): void {
  if (path === undefined || (isPath(path) && !/[?#]/.test(path))) return
  throw new SessionError(
    'invalid_option',
    `${name} must be a path of this site without a query, such as '/${name}'`,
  )
}
