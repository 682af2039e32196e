#!/bin/sh
# Everything that must hold, from a fresh clone: installs what is missing, builds, checks, runs all tests.
# Ends with "N passed, N failed" over all test runs.
set -eu
cd "$(dirname "$0")/.."

say() { printf '\n== %s\n' "$*"; }
fail() { echo "test: $*" >&2; exit 1; }

node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 15) ? 0 : 1)' 2>/dev/null ||
  fail "Node.js 20.15 or newer is needed, found: $(node --version 2>/dev/null || echo none)"

if [ ! -x node_modules/.bin/vitest ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  say "Installing npm packages"
  npm ci --no-audit --no-fund
fi

# The tests start their own servers on free ports; only the programs are needed.
missing=""
command -v mariadbd >/dev/null || [ -x /usr/sbin/mariadbd ] || missing="$missing mariadb-server"
command -v redis-server >/dev/null || missing="$missing redis-server"
command -v victoria-metrics >/dev/null || missing="$missing victoria-metrics"
command -v git >/dev/null || missing="$missing git"
# The agent for Windows is tried out under Wine.
command -v wine >/dev/null || missing="$missing wine64 wine"
# The agent's page is looked at in a real browser.
command -v chromium >/dev/null || missing="$missing chromium"
command -v systemd-analyze >/dev/null || missing="$missing systemd"
if [ -n "$missing" ]; then
  [ "$(id -u)" = 0 ] || fail "these packages are needed and only root can install them: apt-get install$missing"
  command -v apt-get >/dev/null || fail "these programs are needed, and there is no apt-get to install them with:$missing"
  say "Installing$missing"
  apt-get update -q
  # RUNLEVEL=1 keeps the packages from starting their own services.
  RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
fi

say "Building"
rm -rf dist
npm run --silent build
touch dist/.built

say "Building the agent's executables"
npm run --silent build:agent

say "Format, lint, types, architecture, dead code"
npm run --silent format:check
npm run --silent lint
npm run --silent types
npm run --silent dead-code

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
failed=0
for project in architecture unit vectors system executable; do
  say "Tests: $project"
  npx --no-install vitest run --project "$project" --reporter=default --reporter=json --outputFile.json="$results/$project.json" || failed=1
done

say "Summary"
node -e '
const { readFileSync, readdirSync } = require("node:fs")
let passed = 0, failed = 0, other = 0
for (const file of readdirSync(process.argv[1])) {
  const run = JSON.parse(readFileSync(`${process.argv[1]}/${file}`, "utf8"))
  console.log(`${file.replace(".json", "").padEnd(14)} ${run.numPassedTests} passed, ${run.numFailedTests} failed, ${run.numTotalTestSuites} suites`)
  passed += run.numPassedTests
  failed += run.numFailedTests + (run.success ? 0 : Number(run.numFailedTests === 0))
  other += run.numPendingTests + run.numTodoTests
}
if (other > 0) { console.log(`${other} tests were skipped, and none may be`); failed += other }
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 && passed > 0 ? 0 : 1)
' "$results" || failed=1
exit "$failed"
