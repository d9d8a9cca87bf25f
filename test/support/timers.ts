/** How many timers are under way; those that keep no process alive are not among them. */
export function countTimers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
}
