/** What people do, and how often each. */
const ACTIONS = {
  identity: 30,
  read: 25,
  count: 12,
  note: 8,
  askNeighbour: 10,
  listDevices: 3,
  logOut: 3,
  logInAgain: 2,
  revokeAll: 1,
  revokeOthers: 1,
  leave: 1,
  comeAnonymous: 5,
  forge: 5,
  replay: 8,
} as const

export type Action = keyof typeof ACTIONS

const NAMES = Object.keys(ACTIONS) as Action[]
const TOGETHER = Object.values(ACTIONS).reduce((sum, weight) => sum + weight, 0)

export function chosenAction(): Action {
  let left = Math.random() * TOGETHER
  return NAMES.find((name) => (left -= ACTIONS[name]) < 0) ?? 'identity'
}
