/** How documents are fetched: the same for all of one verifier. */
export interface Transport {
  readonly fetch: (address: string, init: RequestInit) => Promise<Response>
  /** In ms, for head and body together. */
  readonly timeout: number
  readonly now: () => number
}

/** How one document is read and for how long it holds; all times in ms. */
export interface DocumentRules<T> {
  /** Throws or rejects if nothing can be made of the text: then what is held stays. */
  readonly read: (text: string) => T | Promise<T>
  /** Whether the answer that nothing has changed (304) will do; it does by default. */
  readonly mayConfirm?: (value: T) => boolean
  readonly maxBytes: number
  /** However often it is wanted, it is asked for at most once in this time. */
  readonly cooldown: number
  /** `max-age` is followed within these bounds. */
  readonly freshness: { readonly least: number; readonly most: number }
  /** While it cannot be fetched, what is held is used for so long. */
  readonly staleLimit: number
  readonly onError: (error: unknown) => void
}

interface Held<T> {
  readonly value: T
  readonly text: string
  readonly etag: string | undefined
  readonly fetched: number
  readonly freshUntil: number
}

/**
 * A request of Cloudflare's Workers may not wait for the fetch of another, which is cancelled with
 * the request that began it: each has to fetch for itself until one has an answer.
 */
const SHARES_FETCHES = globalThis.navigator?.userAgent !== 'Cloudflare-Workers'

/** A document that another server publishes, fetched when it is wanted and not more often. */
export class RemoteDocument<T> {
  readonly #address: string
  readonly #rules: DocumentRules<T>
  readonly #transport: Transport
  #held: Held<T> | undefined
  #tried = -Infinity
  #loading: Promise<void> | undefined

  constructor(address: string, transport: Transport, rules: DocumentRules<T>) {
    this.#address = address
    this.#transport = transport
    this.#rules = rules
  }

  /** What it says, at most `staleLimit` old; undefined while nothing so young could be fetched. */
  async get(): Promise<T | undefined> {
    if (!this.#isFresh()) await this.refresh()
    const held = this.#held
    return held && this.#isWithin(held.fetched, this.#rules.staleLimit) ? held.value : undefined
  }

  /** Asks again, unless that was done within the cooldown, however it ended. Never rejects. */
  refresh(): Promise<void> {
    if (this.#loading !== undefined && SHARES_FETCHES) return this.#loading
    if (this.#isWithin(this.#tried, this.#rules.cooldown)) return Promise.resolve()
    this.#loading = this.#load()
      .catch(this.#rules.onError)
      .finally(() => {
        this.#tried = this.#transport.now()
        this.#loading = undefined
      })
    return this.#loading
  }

  #isFresh(): boolean {
    const now = this.#transport.now()
    return this.#held !== undefined && this.#held.fetched <= now && now < this.#held.freshUntil
  }

  /** A clock that was set back counts as time passed: nothing is kept for as long as it was ahead. */
  #isWithin(time: number, limit: number): boolean {
    return Math.abs(this.#transport.now() - time) < limit
  }

  async #load(): Promise<void> {
    const { maxBytes, read } = this.#rules
    const fetched = this.#transport.now()
    const held = this.#confirmable()
    const response = await this.#request(held?.etag)
    const freshUntil = fetched + this.#freshness(response)
    const text = response.status === 304 && held ? held.text : await readBody(response, maxBytes)
    const value = held !== undefined && text === held.text ? held.value : await read(text)
    const etag = response.headers.get('etag') ?? undefined
    this.#held = { value, text, etag, fetched, freshUntil }
  }

  /** What is held, if it holds for as long as it is published. */
  #confirmable(): Held<T> | undefined {
    const held = this.#held
    return held && this.#rules.mayConfirm?.(held.value) !== false ? held : undefined
  }

  /** A redirection is an answer like others that are none: where keys come from is configured. */
  async #request(etag: string | undefined): Promise<Response> {
    const { fetch, timeout } = this.#transport
    const response = await fetch(this.#address, {
      headers: etag === undefined ? {} : { 'if-none-match': etag },
      redirect: 'manual',
      signal: AbortSignal.timeout(timeout),
    })
    if (response.status === 200 || response.status === 304) return response
    await response.body?.cancel()
    throw new Error(`${this.#address} answered ${response.status}`)
  }

  #freshness({ headers }: Response): number {
    const { least, most } = this.#rules.freshness
    const maxAge = /(?:^|[\s,])max-age=(\d+)/i.exec(headers.get('cache-control') ?? '')?.[1]
    const seconds = Number(maxAge ?? 0) - Number(headers.get('age') ?? 0)
    return Math.min(Math.max(seconds * 1000 || 0, least), most)
  }
}

/** @throws Error as soon as the body, unpacked, is too long, however long it says it is */
async function readBody({ body }: Response, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  // Not every browser can iterate over a stream.
  const reader = body?.getReader()
  let [text, length] = ['', 0]
  for (let read = await reader?.read(); read?.value !== undefined; read = await reader?.read()) {
    length += read.value.byteLength
    if (length > maxBytes) {
      await reader?.cancel()
      throw new Error(`${maxBytes} bytes are exceeded`)
    }
    text += decoder.decode(read.value, { stream: true })
  }
  return text + decoder.decode()
}
