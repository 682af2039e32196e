import { gauge } from './entry.ts'
import type { MetricGroup } from './entry.ts'

/** What is sent only where a strategy or the configuration asks for it. */
export const checkMetrics: readonly MetricGroup[] = [
  {
    title: 'Check: ports',
    tags: ['port'],
    note: 'For each strategy with tags `port=<number>`.',
    metrics: [gauge('net.port.listen', '-', '1 while TCP listens on it or UDP is bound to it, on any address; else 0')],
  },
  {
    title: 'Check: processes',
    tags: [],
    note: 'For each strategy with tags `name=<name>` and/or `cmdline=<part>`, sent with the tags of the strategy.',
    metrics: [
      gauge(
        'proc.num',
        'processes',
        'with exactly that name (15 bytes at most; on Windows that of the file, `.exe` may be left out) and that part in their arguments, which are joined without blanks, on Windows as they were written; never kernel threads',
      ),
    ],
  },
  {
    title: 'Check: what processes take',
    tags: [],
    note: 'For each strategy on one of them with tags as for `proc.num`; sums over the processes that match.',
    metrics: [
      gauge('proc.cpu', '%', 'of one processor over the step, of processes that were there a step ago too'),
      gauge('proc.mem', 'bytes', 'resident memory'),
      gauge(
        'proc.fd',
        'files',
        'open files, sockets and pipes, on Windows handles; absent where the agent may not see them',
      ),
      gauge('proc.threads', 'threads', 'threads'),
    ],
  },
  {
    title: 'Check: services',
    tags: ['name'],
    note: 'For each strategy with tags `name=<unit of systemd or service of Windows>`; `.service` may be left out. On Windows also for the services of SQL Server and IIS that there are, and those that `collector.services` names.',
    metrics: [gauge('service.state', '-', '1 while it runs; else 0, also when there is no such service')],
  },
  {
    title: 'Check: directories',
    tags: ['path'],
    note: 'For each strategy with tags `path=<directory>`, on Windows `path=C:\\Data`. Several are measured side by side, one question of each in turn.',
    metrics: [gauge('du.bs', 'bytes', 'as `du -bs` counts; -1 when a part cannot be read or after 30 s')],
  },
  {
    title: 'Check: URLs',
    tags: ['src', 'timeout', 'url'],
    note: 'For each strategy with tags `url=<url>,timeout=<seconds>`; `src` is the name of this host. No answer is waited for longer than 30 s.',
    metrics: [gauge('url.check.health', '-', '1 when a HEAD request answers 200 in time; else 0')],
  },
  {
    title: 'Check: ping',
    tags: ['host'],
    note: 'For each check with tags `host=<name or address>`; `count` (3), `timeout` in seconds of each echo (1), `ip=4` or `ip=6`.',
    metrics: [
      gauge(
        'ping.loss',
        '%',
        'share of the ICMP echoes without reply in time; 100 also when the name cannot be resolved',
      ),
      gauge('ping.min', 'ms', 'shortest time until a reply; missing when there was none'),
      gauge('ping.avg', 'ms', 'mean time until a reply'),
      gauge('ping.max', 'ms', 'longest time until a reply'),
    ],
  },
]
