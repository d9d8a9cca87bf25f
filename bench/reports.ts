import { budgetReport } from './budgets.ts'
import type { Report } from './report.ts'
import { growthReports } from './reports/growth.ts'
import { dropInReports, httpReports } from './reports/http.ts'
import { tokenReports } from './reports/tokens.ts'
import type { Results } from './results.ts'

/** The tables, in the order of reading. */
export function reportsOf(results: Results): Report[] {
  return [
    budgetReport(results),
    ...httpReports(results.http),
    ...dropInReports(results.http),
    ...tokenReports(results.tokens),
    ...growthReports(results.growth),
  ]
}
