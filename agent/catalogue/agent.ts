import { counter, gauge } from './entry.ts'
import type { MetricGroup } from './entry.ts'

/** What every agent sends, whatever its system. */
export const agentMetrics: readonly MetricGroup[] = [
  {
    title: 'Agent',
    tags: [],
    note: 'With nodata, `agent.alive` is the base of alarms for dead hosts.',
    metrics: [gauge('agent.alive', '-', 'always 1')],
  },
  {
    title: 'Clock and name',
    tags: [],
    note: 'While hbs answers.',
    metrics: [
      gauge(
        'sys.clock.skew',
        's',
        'this clock minus that of hbs: above 0 when it is ahead; 0 where that cannot be told, below half a second with an Open-Falcon hbs',
      ),
      gauge(
        'agent.duplicate',
        '-',
        '1 while another agent reports to hbs under the same name; else 0; not sent with an Open-Falcon hbs',
      ),
    ],
  },
  {
    title: 'What the agent costs and holds back',
    tags: [],
    note: 'Sent unless `selfMetrics` is false.',
    metrics: [
      gauge('agent.cpu', '%', 'of one processor, average of the step'),
      gauge('agent.mem.rss', 'bytes', 'resident memory'),
      gauge('agent.spool.bytes', 'bytes', 'samples on disk because no transfer took them'),
      gauge('agent.spool.oldest', 's', 'age of the oldest of those'),
      gauge('agent.send.latency', 'ms', 'until transfer acknowledged the last call'),
      gauge('agent.dropped', 'samples', 'given up in this step because the spool was full or they were too old'),
    ],
  },
  {
    title: 'Runs of plugins',
    tags: ['plugin'],
    note: 'Once a run, with the cycle of the plugin as step; sent unless `plugin.metrics` is false.',
    metrics: [
      gauge('plugin.exit', '-', 'exit code; -1 when it was killed or could not be started'),
      gauge('plugin.duration', 's', 'how long it ran'),
      gauge('plugin.failed', '-', '1: its output does not count or not all of it, the page `/` says why'),
    ],
  },
  {
    title: 'Nagios plugins',
    tags: [],
    note: 'Of plugins that speak like those of Nagios; all with a tag `args` when bound with arguments. See the README of agent.',
    metrics: [
      gauge('nagios.status', '-', '0 ok, 1 warning, 2 critical, 3 unknown; tag `check`'),
      gauge(
        'nagios.*',
        '-',
        'performance data of a check, in bytes, seconds or as given; tag `label`; COUNTER for unit `c`',
      ),
    ],
  },
  {
    title: 'Modules on this machine',
    tags: ['module'],
    note: 'What each module shows at `/metrics`: a counter as COUNTER, without its `_total`; labels are further tags. See `modules` in the README of agent.',
    metrics: [
      gauge(
        'falcon.module.alive',
        '-',
        '1 when the module answers; 0 when it does not although it did once or is named in `modules`',
      ),
      gauge(
        'falcon.module.*',
        '-',
        'its process: `process_resident_memory_bytes`, `nodejs_eventloop_lag_p99_seconds` and so on; COUNTER where they grow',
      ),
      counter('falcon.agent.*', '1/s', 'the counters of this agent; those that are read now are GAUGE'),
      counter('falcon.transfer.*', '1/s', 'the counters of transfer; those that are read now are GAUGE'),
      counter('falcon.judge.*', '1/s', 'the counters of judge; those that are read now are GAUGE'),
      counter('falcon.graph-query.*', '1/s', 'the counters of graph-query; those that are read now are GAUGE'),
      counter('falcon.hbs.*', '1/s', 'the counters of hbs; those that are read now are GAUGE'),
    ],
  },
  {
    title: 'Collectors in trouble',
    tags: ['collector'],
    note: 'Sent only while something is wrong, so set strategies to `all(#3) == 1` and let nodata fill in 0.',
    metrics: [
      gauge('agent.collector.failed', '-', '1: the collector could not read its source'),
      gauge('agent.collector.stuck', '-', '1: the collector hangs and is left out until it settles'),
    ],
  },
]
