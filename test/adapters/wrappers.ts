import type { ServerResponse } from 'node:http'
import { type Gzip, createGzip } from 'node:zlib'

type Below = Record<string, (...args: unknown[]) => unknown>

/** Calls the listener once before the head goes out, as on-headers does for much middleware. */
export function onHeaders(response: ServerResponse, listener: () => void): void {
  const { writeHead } = response as unknown as Below
  let fired = false
  Object.assign(response, {
    writeHead(...args: unknown[]) {
      if (!fired) listener()
      fired = true
      return writeHead!.apply(response, args)
    },
  })
}

/**
 * Compresses as the middleware `compression` does: wraps write, end and on, and begins its stream
 * when the head goes out, keeping 'drain' listeners for that stream.
 *
 * @param old as before 1.8: asks for Node's own `_header`, and makes the head by `_implicitHeader()`
 */
export function compress(response: ServerResponse, old = false): void {
  const below = response as unknown as Below
  const { write, end, on } = below
  const drainListeners: unknown[] = []
  let stream: Gzip | undefined
  let ended = false
  const begin = (): void => {
    if (old ? below['_header'] : response.headersSent) return
    if (old) below['_implicitHeader']!()
    else response.writeHead(response.statusCode)
  }
  Object.assign(response, {
    write(chunk: Buffer, encoding: BufferEncoding) {
      if (ended) return false
      begin()
      return stream!.write(Buffer.from(chunk as never, encoding))
    },
    end(chunk?: Buffer, encoding?: BufferEncoding) {
      if (ended) return false
      begin()
      ended = true
      if (chunk) stream!.end(Buffer.from(chunk as never, encoding))
      else stream!.end()
      return response
    },
    on(type: string, listener: () => void) {
      if (type !== 'drain') return on!.call(response, type, listener)
      if (stream) stream.on('drain', listener)
      else drainListeners.push(listener)
      return response
    },
  })
  onHeaders(response, () => {
    response.appendHeader('Vary', 'Accept-Encoding')
    response.setHeader('Content-Encoding', 'gzip')
    response.removeHeader('Content-Length')
    const gzip = (stream = createGzip())
    for (const listener of drainListeners) gzip.on('drain', listener as () => void)
    gzip.on('data', (chunk) => {
      if (write!.call(response, chunk) === false) gzip.pause()
    })
    gzip.on('end', () => end!.call(response))
    on!.call(response, 'drain', () => gzip.resume())
  })
}
