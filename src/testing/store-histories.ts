import assert from 'node:assert/strict'
import { ENDED, type SessionRecord, TOMBSTONE_MS } from '../session/record.ts'
import type { Random } from './random.ts'
import { MINUTE, newId, recordAt, type StoreBench, type StoreCase } from './store-bench.ts'
import { inOrder, knowsUsers, type UserStore } from './store-users.ts'

/** Histories under way at once. */
const AT_ONCE = 50
const STEPS = 30
const STEPS_BETWEEN_CHECKS = 5
const CELLS = 3
const LONGEST_LIFE = 5 * MINUTE

/** What is known of one id: a record, the time of its end, or nothing. */
type State = { readonly record: SessionRecord } | { readonly endedAt: number } | undefined

/** An id and its state. */
interface Cell {
  id: string
  state: State
}

interface World extends StoreBench {
  readonly cells: readonly Cell[]
  /** Whom no earlier history knows. */
  readonly users: readonly string[]
  /** Ids that a mark ended: a store may say of them that they ended for longer than a minute. */
  readonly revoked: string[]
  /** What was done, for the message of a failure. */
  readonly told: string[]
}

/** A verb with its arguments, and what it must do by the contract. */
interface Step {
  readonly name: string
  readonly run: () => unknown
  /** Changes what is known, and says what the store must answer. */
  readonly expected: () => unknown
}

/** Any order of verbs and times must answer as the simplest reading of the contract does. */
export const histories: Record<string, StoreCase> = {
  'RAC-15 random histories answer as a model does': async (bench) => {
    for (let first = 0; first < bench.histories; first += AT_ONCE) {
      const count = Math.min(AT_ONCE, bench.histories - first)
      await checkTogether(Array.from({ length: count }, (_, n) => worldOf(bench, first + n)))
    }
  },
}

function worldOf(bench: StoreBench, history: number): World {
  const cells = Array.from({ length: CELLS }, () => ({ id: newId(), state: undefined }))
  const told = [`seed ${bench.seed}, history ${history}:`]
  return { ...bench, cells, users: [newId(), newId()], revoked: [], told }
}

/** They do each step at once, because they have one store and one clock. */
async function checkTogether(worlds: readonly World[]): Promise<void> {
  const [{ clock, random }] = worlds as [World]
  for (let steps = 1; steps <= STEPS; steps++) {
    clock.advance(somewhile(random))
    await Promise.all(worlds.map(takeStep))
    if (steps % STEPS_BETWEEN_CHECKS === 0) await Promise.all(worlds.map(checkWorld))
  }
}

async function takeStep(world: World): Promise<void> {
  forgetExpired(world)
  const { random, cells, clock, told } = world
  const index = random(CELLS)
  const cell = cells[index]!
  const step = randomStep(world, cell)
  told.push(`${step.name}, cell ${index}, at ${clock.now()}`)
  const expected = step.expected()
  assert.deepEqual(await step.run(), expected, told.join('\n'))
  await checkCell(world, cell)
}

async function checkWorld(world: World): Promise<void> {
  const { store, cells, revoked, told } = world
  const ends = revoked.map(async (id) => {
    assert.notEqual(typeof (await store.read(id)), 'object', told.join('\n'))
  })
  await Promise.all([...cells.map((cell) => checkCell(world, cell)), ...ends])
}

async function checkCell(world: World, cell: Cell): Promise<void> {
  forgetExpired(world)
  const { id, state } = cell
  const expected = state && ('record' in state ? state.record : ENDED)
  assert.deepEqual(await world.store.read(id), expected, world.told.join('\n'))
}

/** Often no time at all, and often just short of, at or past a boundary. */
function somewhile(random: Random): number {
  const spans = [0, 0, 0, 0, 1, MINUTE - 1, MINUTE, MINUTE + 1]
  return spans[random(spans.length)]!
}

function forgetExpired({ cells, clock }: World): void {
  for (const cell of cells) {
    if (cell.state === undefined) continue
    const { state } = cell
    const until = 'record' in state ? state.record.expires : state.endedAt + TOMBSTONE_MS
    if (clock.now() >= until) cell.state = undefined
  }
}

function randomStep(world: World, cell: Cell): Step {
  const { random, clock, store, other } = world
  const { id, state } = cell
  const record = recordAt(clock, {
    expires: clock.now() + [0, 1, MINUTE, 2 * MINUTE, LONGEST_LIFE][random(5)]!,
    userId: [undefined, ...world.users][random(3)],
    data: JSON.stringify({ n: random(1000) }),
  })
  const known = state && 'record' in state && random(4) > 0 ? state.record.version : record.version
  const update = {
    name: `update until ${record.expires}`,
    run: () => other.update(id, record, known),
    expected: () => ifSeen(cell, known, { record }),
  }
  const steps = [create(world, cell, record), update, update, touch(world, cell, record.expires)]
  for (const seen of [known, undefined]) {
    steps.push({
      name: seen === undefined ? 'end' : 'end of what was seen',
      run: () => other.end(id, seen),
      expected: () => ifSeen(cell, seen, { endedAt: clock.now() }),
    })
  }
  steps.push({ name: 'sweep', run: async () => void (await store.sweep?.()), expected: nothing })
  if (knowsUsers(world)) steps.push(...userSteps(world, cell, record, known))
  return steps[random(steps.length)]!
}

function create({ store }: World, cell: Cell, record: SessionRecord): Step {
  return {
    name: `create until ${record.expires}`,
    run: () => store.create(cell.id, record),
    expected: () => {
      if (cell.state) return false
      cell.state = { record }
      return true
    },
  }
}

function touch({ store }: World, cell: Cell, expires: number): Step {
  return {
    name: `touch until ${expires}`,
    run: () => store.touch(cell.id, expires),
    expected: () => {
      const { state } = cell
      if (!state || !('record' in state)) return false
      const later = Math.max(expires, state.record.expires)
      cell.state = { record: { ...state.record, expires: later } }
      return true
    },
  }
}

function userSteps(
  world: World & StoreBench<UserStore>,
  cell: Cell,
  record: SessionRecord,
  seen: string,
): Step[] {
  const { random, clock, store, other } = world
  const userId = world.users[random(2)]!
  const living = world.cells.filter(({ state }) => ownerOf(state) === userId)
  const except = living.filter(() => random(4) === 0)
  const handle = store.handle(cell.id)
  const revokeUser = {
    name: `revokeUser ${userId} except ${except.map((each) => world.cells.indexOf(each)).join()}`,
    run: () => {
      const handles = except.map(({ id }) => store.handle(id))
      // A record written later in the same millisecond is never covered.
      const [before, expires] = [clock.now() - 1, clock.now() + LONGEST_LIFE]
      return other.revokeUser(userId, { before, except: handles, expires })
    },
    expected: () => {
      for (const each of living) if (!except.includes(each)) revoke(world, each)
    },
  }
  return [
    {
      name: `ofUser ${userId}`,
      run: async () => inOrder(await other.ofUser(userId)),
      expected: () =>
        inOrder(living.map(({ id, state }) => ({ handle: store.handle(id), ...recordIn(state) }))),
    },
    {
      name: `updateHandle until ${record.expires}`,
      run: () => store.updateHandle(handle, record, seen),
      expected: () => ifSeen(cell, seen, { record }),
    },
    {
      name: 'endHandle',
      run: () => store.endHandle(handle),
      expected: () => ifSeen(cell, undefined, { endedAt: clock.now() }) === 'ok',
    },
    revokeUser,
    revokeUser,
  ]
}

/** The cell goes on with another id. */
function revoke({ revoked, clock }: World, cell: Cell): void {
  if (recordIn(cell.state).record.created >= clock.now()) return
  revoked.push(cell.id)
  Object.assign(cell, { id: newId(), state: undefined })
}

function ownerOf(state: State): string | undefined {
  return state && 'record' in state ? state.record.userId : undefined
}

function recordIn(state: State): { readonly record: SessionRecord } {
  assert.ok(state && 'record' in state)
  return { record: state.record }
}

function ifSeen(cell: Cell, seen: string | undefined, next: State): 'ok' | 'conflict' | 'gone' {
  if (!cell.state || !('record' in cell.state)) return 'gone'
  if (seen !== undefined && seen !== cell.state.record.version) return 'conflict'
  cell.state = next
  return 'ok'
}

function nothing(): void {}
