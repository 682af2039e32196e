import { setTimeout as sleep } from 'node:timers/promises'
import { askHistory, askLast, startFleet } from '../drivers/fleet.ts'
import { firstNode, placeOnRing, sendToRing, startGraphNode } from '../drivers/graph-ring.ts'
import type { GraphNode } from '../drivers/graph-ring.ts'
import type { ModuleProcess } from '../drivers/process.ts'
import { until } from '../drivers/process.ts'
import { drained, outcomeOf } from './fault.ts'
import type { FaultRun, Outcome } from './fault.ts'
import { loadStep, rpcEntrance, startLoad } from './load.ts'
import type { SentEndpoint } from './load.ts'
import type { Random } from './random.ts'
import { compareStored } from './stored.ts'
import type { Comparison, MissingSample } from './stored.ts'

/**
 * Two graphs become three under load, and two again, some times over. Whoever gets a new configuration is stopped or
 * killed for it. The graph that leaves is away by then, so that transfer holds samples for it, which go to their new
 * owners; what it has itself is read from it all the while. Every graph is asked for everything.
 */
export async function growAndShrink({ random, times, progress }: FaultRun): Promise<Outcome[]> {
  const fleet = await startFleet({ judge: false, graph: { storage: { maintainMs: 200 } } })
  const added: GraphNode[] = []
  try {
    for (const name of ['graph-01', 'graph-02']) added.push(await startGraphNode(fleet, name))
    const [second, third] = added
    if (!second || !third) throw new Error('Cannot grow: there are no further graphs')
    const two = [firstNode(fleet), second]
    const three = [...two, third]
    const change = async (from: readonly GraphNode[], to: readonly GraphNode[]) => {
      for (const node of to) {
        await end(node.process, random)
        await placeOnRing(node, to, from)
      }
      await end(fleet.transfer, random)
      await sendToRing(fleet, to)
    }
    await change([], two)

    const load = startLoad({ entrance: () => rpcEntrance(fleet.ports.transferRpc) })
    const observer = createObserver(three)
    await sleep(3000)
    for (let time = 1; time <= times; time++) {
      await change(two, three)
      await sleep(random.between(500, 3000))
      await observer.lookAt(load.endpoints)
      await third.process.kill()
      await sleep(random.between(500, 3000))
      await change(three, two)
      await third.process.restart()
      await sleep(random.between(500, 3000))
      await observer.lookAt(load.endpoints)
      progress(`grown and shrunk ${time} of ${times} times`)
    }
    await load.stop()
    await drained(fleet.transfer)
    const note = `${passedOn(fleet.transfer.output())} samples of the removed graph passed on`
    return await observer.outcomes(load.endpoints, times, note)
  } finally {
    await Promise.all(added.map(({ process }) => process.kill()))
    await fleet.remove()
  }
}

async function end(process: ModuleProcess, random: Random): Promise<void> {
  await (random.next() < 0.5 ? process.kill() : process.stop())
}

/** Samples that transfer said it holds for a graph that left. */
function passedOn(output: string): number {
  const lines = output.split('\n').filter((line) => line.includes('go to its successors'))
  return lines.reduce((sum, line) => sum + (JSON.parse(line) as { items: number }).items, 0)
}

/** Whoever looks at charts meanwhile, at each of the graphs. */
interface Observer {
  /** Asks for what is acknowledged by now, and for the charts that were there before. */
  lookAt(sent: readonly SentEndpoint[]): Promise<void>
  /** Asks for everything, and tells what was not as it must be at any time. */
  outcomes(sent: readonly SentEndpoint[], times: number, note: string): Promise<Outcome[]>
}

/** A window in which nothing was missing once. */
interface Chart {
  readonly of: SentEndpoint
  readonly end: number
  readonly answer: string
}

function createObserver(nodes: readonly GraphNode[]): Observer {
  const [first] = nodes
  if (!first) throw new RangeError('Cannot look at charts: there are no graphs')
  const charts: Chart[] = []
  const earlier = new Map<GraphNode, Comparison[]>(nodes.map((node) => [node, []]))

  async function answerOf(node: GraphNode, { endpoint, counters, begin }: SentEndpoint, end: number): Promise<string> {
    return JSON.stringify(await askHistory(node.query, endpoint, counters, begin, end))
  }

  async function changedCharts(node: GraphNode): Promise<string[]> {
    const changed: string[] = []
    for (const { of, end, answer } of charts)
      if ((await answerOf(node, of, end)) !== answer) changed.push(`${of.endpoint}: another chart at ${node.name}`)
    return changed
  }

  return {
    async lookAt(sent) {
      const due = partOf(sent)
      for (const node of nodes) {
        // What was just acknowledged may be on its way.
        const ask = async () => {
          const found = await compareStored(node.query, due)
          return { ...found, missing: [...found.missing, ...(await lastBehind(node, due))] }
        }
        const found = await until('acknowledged samples', ask, ({ missing }) => missing.length === 0).catch(ask)
        earlier.get(node)?.push({ ...found, wrong: [...found.wrong, ...(await changedCharts(node))] })
      }
      for (const of of [...due.slice(0, 1), ...due.slice(-1)]) {
        if (of.acknowledged < 2) continue
        const end = of.begin + (of.acknowledged - 1) * loadStep
        charts.push({ of, end, answer: await answerOf(first, of, end) })
      }
    },
    async outcomes(sent, times, note) {
      const outcomes: Outcome[] = []
      for (const node of nodes) {
        const final = await compareStored(node.query, sent)
        const all = [final, ...(earlier.get(node) ?? [])]
        const missing = all.flatMap((one) => one.missing)
        const wrong = [...all.flatMap((one) => one.wrong), ...(await changedCharts(node))]
        const told = `${note}; ${charts.length} charts refreshed`
        outcomes.push(outcomeOf(`2, 3, 2 graphs: ${node.name}`, times, { ...final, missing, wrong }, told))
      }
      return outcomes
    },
  }
}

/** Series whose last point is older than what was acknowledged. */
async function lastBehind(node: GraphNode, due: readonly SentEndpoint[]): Promise<MissingSample[]> {
  const behind: MissingSample[] = []
  for (const { endpoint, counters, begin, acknowledged } of due) {
    if (acknowledged === 0) continue
    const timestamp = begin + (acknowledged - 1) * loadStep
    for (const last of await askLast(node.query, endpoint, counters))
      if (last.value.timestamp < timestamp) behind.push({ endpoint, counter: last.counter, timestamp })
  }
  return behind
}

/** The oldest endpoints, which went through every change, and the newest, with what is acknowledged at this moment. */
function partOf(sent: readonly SentEndpoint[]): SentEndpoint[] {
  const chosen = new Set([...sent.slice(0, 4), ...sent.slice(-8)])
  return [...chosen].map((one) => ({
    ...one,
    get sent() {
      return one.sent
    },
  }))
}
