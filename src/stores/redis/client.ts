import { SessionError } from '../../errors.ts'

/**
 * A client of node-redis 5 (single, cluster or Sentinel), or of ioredis 5 (single, Sentinel or
 * Cluster). What is used of it differs between them, and is looked for when the store is made.
 */
export interface RedisClient {
  on(event: string, listener: () => void): unknown
  off(event: string, listener: () => void): unknown
  sendCommand(...values: never[]): unknown
}

/** What the store asks of whichever client it was given. */
export interface RedisCalls {
  /** @param key by which a cluster finds the node */
  send(key: string, command: readonly string[]): Promise<unknown>
  /** False while a command would only be queued. */
  isReady(): boolean
  /** Whether other nodes may answer while one does not. */
  readonly isCluster: boolean
  /**
   * What a client does not do by itself after a failure.
   *
   * @param isBroken whether nothing is answered any more, or with what was not asked for: the
   *   connection must begin anew
   */
  mend(isBroken: boolean): void
  /** Listens by a connection of its own. @returns ends it */
  listen(channels: readonly string[], hear: Hear, lost: () => void): () => void
}

export type Hear = (text: string, channel: string) => void

interface NodeRedis extends RedisClient {
  readonly isReady?: boolean
  readonly isOpen: boolean
  readonly options?: { readonly readonly?: boolean }
  readonly masters?: readonly { readonly client?: NodeRedis }[]
  readonly getSentinelNode?: unknown
  duplicate(): NodeRedis
  connect(): Promise<unknown>
  destroy(): unknown
  subscribe(channels: readonly string[], hear: Hear): Promise<unknown>
  unsubscribe(channels: readonly string[], hear: Hear): Promise<unknown>
}

interface IoRedis extends RedisClient {
  on(event: string, listener: (...texts: string[]) => void): unknown
  readonly status: string
  readonly options?: { readonly scaleReads?: unknown; readonly role?: unknown }
  call(...command: readonly string[]): Promise<unknown>
  nodes?(role: 'master'): IoRedis[]
  duplicate(changes: object): IoRedis
  disconnect(reconnect?: boolean): void
  subscribe(...channels: readonly string[]): Promise<unknown>
}

/** @throws SessionError `invalid_option` */
export function callsOf(client: RedisClient, timeout: number): RedisCalls {
  if (typeof client?.on === 'function') {
    if ('call' in client && 'status' in client) return ioRedis(client as IoRedis)
    if (typeof client.sendCommand === 'function') return nodeRedis(client as NodeRedis, timeout)
  }
  throw invalid('redis() needs a client of node-redis or ioredis: redis(createClient(…))')
}

function nodeRedis(client: NodeRedis, timeout: number): RedisCalls {
  if (client.options?.readonly === true) {
    throw invalid('The client may only read; give redis() one without readonly')
  }
  const isCluster = 'masters' in client
  const isSentinel = 'getSentinelNode' in client
  const signal = sharedSignal(timeout)
  const sendCommand = client.sendCommand.bind(client) as (...all: unknown[]) => Promise<unknown>
  // Texts, whatever the client maps replies to for others; and only by masters.
  const texts = { typeMapping: {} }
  const inTime = (): object => ({ ...texts, abortSignal: signal() })
  // To a single server that is ready a read goes at once, or harms nobody when it is late: it is
  // spared the signal, which costs almost as much as the read itself.
  let asked = ''
  const sendToNode: RedisCalls['send'] = (key, command) => {
    asked = key
    return sendCommand(key, false, command, inTime())
  }
  const send: RedisCalls['send'] = isCluster
    ? sendToNode
    : isSentinel
      ? (_, command) => sendCommand(false, command, inTime())
      : (_, command) => sendCommand(command, command[0] === 'GET' ? texts : inTime())
  const nodes = (): readonly NodeRedis[] => {
    if (isSentinel) return []
    return client.masters?.flatMap((master) => master.client ?? []) ?? [client]
  }
  return {
    send,
    isCluster,
    isReady: () => client.isReady ?? client.isOpen,
    mend(isBroken) {
      // It learns who took over a dead master's slots only when a node refuses a key (its issue 2806).
      if (isCluster) sendCommand(undefined, false, ['GET', asked]).catch(() => undefined)
      for (const node of isBroken ? nodes() : []) beginAnew(node)
    },
    listen: (channels, hear, lost) =>
      isSentinel
        ? listenBySentinel(client, channels, hear, lost)
        : listenByDuplicate(anyOf(nodes()) ?? client, channels, hear, lost),
  }
}

function beginAnew(client: NodeRedis): void {
  if (client.isReady !== true) return
  client.destroy()
  client.connect().catch(() => undefined)
}

/**
 * Aborted when the time limit of the calls that share it has passed: a command that still waits for
 * its connection then is not sent later (FLT-21). One for each second, since each has a timer.
 */
function sharedSignal(timeout: number): () => AbortSignal {
  let made = -Infinity
  let signal: AbortSignal
  return () => {
    const now = performance.now()
    if (now - made > 1000) {
      signal = AbortSignal.timeout(timeout + 1000)
      made = now
    }
    return signal
  }
}

function listenByDuplicate(
  client: NodeRedis,
  channels: readonly string[],
  hear: Hear,
  lost: () => void,
): () => void {
  const connection = client.duplicate()
  let stopped = false
  const destroy = (): void => void (connection.isOpen && connection.destroy())
  connection.on('error', () => {
    destroy()
    lost()
  })
  const begin = async (): Promise<void> => {
    await connection.connect()
    if (stopped) destroy()
    else await connection.subscribe(channels, hear)
  }
  begin().catch(lost)
  return () => {
    stopped = true
    if (connection.isReady === true) destroy()
  }
}

/** It listens by a connection that follows the master, and tells of its errors as its own. */
function listenBySentinel(
  client: NodeRedis,
  channels: readonly string[],
  hear: Hear,
  lost: () => void,
): () => void {
  client.on('error', lost)
  client.subscribe(channels, hear).catch(lost)
  return () => {
    client.off('error', lost)
    if (client.isReady === true) client.unsubscribe(channels, hear).catch(() => undefined)
  }
}

function ioRedis(client: IoRedis): RedisCalls {
  const { scaleReads = 'master', role = 'master' } = client.options ?? {}
  if (scaleReads !== 'master' || role !== 'master') {
    throw invalid('A replica may still hold a session that was logged out: read from masters only')
  }
  return {
    send: (_, command) => client.call(...command),
    isCluster: 'nodes' in client,
    // One that waits connects with its first command.
    isReady: () => client.status === 'ready' || client.status === 'wait',
    mend: (isBroken) => void (isBroken && client.status === 'ready' && client.disconnect(true)),
    listen(channels, hear, lost) {
      const connection = (anyOf(client.nodes?.('master') ?? []) ?? client).duplicate({
        lazyConnect: false,
        enableOfflineQueue: true,
        maxRetriesPerRequest: null,
        retryStrategy: null,
      })
      connection.on('error', () => undefined)
      connection.on('end', lost)
      connection.on('message', (channel = '', text = '') => hear(text, channel))
      connection.subscribe(...channels).catch(lost)
      return () => connection.disconnect()
    },
  }
}

function anyOf<T>(all: readonly T[]): T | undefined {
  return all[Math.floor(Math.random() * all.length)]
}

function invalid(message: string): SessionError {
  return new SessionError('invalid_option', message)
}
