import assert from 'node:assert/strict'
import { ENDED, type SessionRecord, TOMBSTONE_MS } from '../session/record.ts'
import type { Random } from './random.ts'
import { MINUTE, newId, recordAt, type StoreBench, type StoreCase } from './store-bench.ts'

const STEPS = 30
const IDS = 2

/** What is known of one id: a record, the time of its end, or nothing. */
type State = { readonly record: SessionRecord } | { readonly endedAt: number } | undefined

interface Outcome {
  readonly answer: unknown
  readonly next: State
}

/** A verb with its arguments, and what it must do by the contract. */
interface Step {
  readonly name: string
  readonly run: (bench: StoreBench, id: string) => unknown
  readonly expected: (state: State, now: number) => Outcome
}

/** Any order of verbs and times must answer as the simplest reading of the contract does. */
export const histories: Record<string, StoreCase> = {
  'RAC-15 random histories answer as a model does': async (bench) => {
    for (let history = 0; history < bench.histories; history++) await checkHistory(bench, history)
  },
}

async function checkHistory(bench: StoreBench, number: number): Promise<void> {
  const { random, clock, seed } = bench
  const states = new Map<string, State>(Array.from({ length: IDS }, () => [newId(), undefined]))
  const told: string[] = []
  for (let steps = 0; steps < STEPS; steps++) {
    clock.advance(somewhile(random))
    const [id, state] = [...states][random(IDS)]!
    const step = randomStep(bench, state)
    told.push(`${step.name} of ${[...states.keys()].indexOf(id)} at ${clock.now()}`)
    const story = (): string => `seed ${seed}, history ${number}:\n${told.join('\n')}`
    const { answer, next } = step.expected(present(state, clock.now()), clock.now())
    assert.deepEqual(await step.run(bench, id), answer, story())
    states.set(id, next)
    for (const [each, its] of states) {
      assert.deepEqual(await bench.store.read(each), reading(its, clock.now()), story())
    }
  }
}

/** Often no time at all, and often just short of, at or past a boundary. */
function somewhile(random: Random): number {
  const spans = [0, 0, 0, 0, 1, MINUTE - 1, MINUTE, MINUTE + 1]
  return spans[random(spans.length)]!
}

/** The state without what time has taken away. */
function present(state: State, now: number): State {
  if (state === undefined) return undefined
  const until = 'record' in state ? state.record.expires : state.endedAt + TOMBSTONE_MS
  return now < until ? state : undefined
}

function reading(state: State, now: number): SessionRecord | typeof ENDED | undefined {
  const still = present(state, now)
  if (still === undefined) return undefined
  return 'record' in still ? still.record : ENDED
}

function randomStep({ random, clock }: StoreBench, state: State): Step {
  const record = recordAt(clock, {
    expires: clock.now() + [0, 1, MINUTE, 2 * MINUTE, 5 * MINUTE][random(5)]!,
    userId: [undefined, 'ada', 'grace'][random(3)],
    data: JSON.stringify({ n: random(1000) }),
  })
  const known = state && 'record' in state && random(4) > 0 ? state.record.version : record.version
  const makers = [
    () => create(record),
    () => update(record, known),
    () => update(record, known),
    () => touch(record.expires),
    () => end(known),
    () => end(),
    sweep,
  ]
  return makers[random(makers.length)]!()
}

function create(record: SessionRecord): Step {
  return {
    name: `create until ${record.expires}`,
    run: ({ store }, id) => store.create(id, record),
    expected: (state) =>
      state ? { answer: false, next: state } : { answer: true, next: { record } },
  }
}

function update(record: SessionRecord, seen: string): Step {
  return {
    name: `update until ${record.expires}`,
    run: ({ other }, id) => other.update(id, record, seen),
    expected: (state) => ifSeen(state, seen, { record }),
  }
}

function touch(expires: number): Step {
  return {
    name: `touch until ${expires}`,
    run: ({ store }, id) => store.touch(id, expires),
    expected: (state) => {
      if (!state || !('record' in state)) return { answer: false, next: state }
      const later = Math.max(expires, state.record.expires)
      return { answer: true, next: { record: { ...state.record, expires: later } } }
    },
  }
}

function end(seen?: string): Step {
  return {
    name: seen === undefined ? 'end' : 'end of what was seen',
    run: ({ other }, id) => other.end(id, seen),
    expected: (state, now) => ifSeen(state, seen, { endedAt: now }),
  }
}

function sweep(): Step {
  return {
    name: 'sweep',
    run: async ({ store }) => void (await store.sweep?.()),
    expected: (state) => ({ answer: undefined, next: state }),
  }
}

function ifSeen(state: State, seen: string | undefined, next: State): Outcome {
  if (!state || !('record' in state)) return { answer: 'gone', next: state }
  const matches = seen === undefined || seen === state.record.version
  return matches ? { answer: 'ok', next } : { answer: 'conflict', next: state }
}
