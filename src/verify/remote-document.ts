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
  readonly maxBytes: number
  /** However often it is wanted, it is asked for at most once in this time. */
  readonly cooldown: number
  /** Within these bounds it is fresh for its `max-age`: past that it is worth a wait. */
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
}

/**
 * A request of Cloudflare's Workers may not wait for the fetch of another, which is cancelled with
 * the request that began it: each has to fetch for itself until one has an answer.
 */
const SHARES_FETCHES = globalThis.navigator?.userAgent !== 'Cloudflare-Workers'

/** So soon a document that is followed is asked for again, and so long after it was last wanted. */
const INTERVAL_MS = 400
const WANTED_MS = 30_000
/** Who has not asked for so long rested, or stood still: what is held may be of any time before. */
const PAUSE_MS = 1000

/**
 * A document that another server publishes, fetched when it is wanted and not more often. Whoever
 * wants it waits only for the first answer, and for one after a time in which nobody asked; while it
 * cannot be fetched, one request a fetch, if what is held is of no use any more: a process that stands
 * still between requests has no other time for it.
 */
export class RemoteDocument<T> {
  readonly #address: string
  readonly #rules: DocumentRules<T>
  readonly #transport: Transport
  #held: Held<T> | undefined
  #freshFor = 0
  #tried = -Infinity
  #failed = false
  #wanted = -Infinity
  #pause: AbortSignal | undefined
  #loading: Promise<void> | undefined
  /** The fetch that a request waits for. */
  #awaited: Promise<void> | undefined

  constructor(address: string, transport: Transport, rules: DocumentRules<T>) {
    this.#address = address
    this.#transport = transport
    this.#rules = rules
  }

  /**
   * What it says, at most `staleLimit` old; undefined while nothing so young could be fetched.
   *
   * @param freshFor how old it may be for nobody to wait, in ms; default as it is published
   */
  async get(freshFor: number = this.#freshFor): Promise<T | undefined> {
    // Half of the time is left for an answer that nobody waits for.
    if (!this.#isYounger(freshFor / 2)) {
      const refreshed = this.#refresh()
      const limit = this.#failed ? this.#rules.staleLimit : freshFor
      const mayGoOn = this.#isYounger(limit) || (this.#failed && refreshed === this.#awaited)
      if (!SHARES_FETCHES || !mayGoOn) await (this.#awaited = refreshed)
    }
    return this.#isYounger(this.#rules.staleLimit) ? this.#held?.value : undefined
  }

  /** The same where seconds count: it is asked for again and again, as long as it is wanted. */
  follow(): Promise<T | undefined> {
    if (!SHARES_FETCHES) return this.get(0)
    this.#wanted = this.#transport.now()
    if (this.#loading === undefined && this.#hasPaused) void this.#keepAsking()
    return this.get()
  }

  get #hasPaused(): boolean {
    return !this.#isWithin(this.#tried, PAUSE_MS)
  }

  async #keepAsking(): Promise<void> {
    if (this.#hasPaused) this.#freshFor = 0
    await this.#refresh()
    // Of all runtimes' timers the one that keeps no process alive.
    const pause = (this.#pause = AbortSignal.timeout(INTERVAL_MS))
    pause.addEventListener('abort', () => {
      if (pause !== this.#pause) return
      if (this.#isWithin(this.#wanted, WANTED_MS)) void this.#keepAsking()
      else this.#tried = -Infinity
    })
  }

  /** Asks again, unless that was done within the cooldown, however it ended. Never rejects. */
  #refresh(): Promise<void> {
    if (this.#loading !== undefined && SHARES_FETCHES) return this.#loading
    if (this.#isWithin(this.#tried, this.#rules.cooldown)) return Promise.resolve()
    // Where fetches are not shared, at least who can go on with what is held need not make one.
    if (this.#held !== undefined) this.#tried = this.#transport.now()
    this.#loading = this.#attempt()
    return this.#loading
  }

  async #attempt(): Promise<void> {
    try {
      await this.#load()
    } catch (error) {
      this.#failed = true
      this.#rules.onError(error)
    }
    this.#tried = this.#transport.now()
    this.#loading = undefined
  }

  #isYounger(age: number): boolean {
    return this.#held !== undefined && this.#isWithin(this.#held.fetched, age)
  }

  /** A clock that was set back counts as time passed: nothing is kept for as long as it was ahead. */
  #isWithin(time: number, limit: number): boolean {
    return Math.abs(this.#transport.now() - time) < limit
  }

  async #load(): Promise<void> {
    const { maxBytes, read } = this.#rules
    const fetched = this.#transport.now()
    const held = this.#held
    const response = await this.#request(held?.etag)
    const text = response.status === 304 && held ? held.text : await readBody(response, maxBytes)
    const value = text === held?.text ? held.value : await read(text)
    const etag = response.headers.get('etag') ?? undefined
    this.#held = { value, text, etag, fetched }
    this.#freshFor = this.#freshness(response)
    this.#failed = false
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
  let text = ''
  let length = 0
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
