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
  {
    title: 'Check: TCP',
    tags: ['host', 'port'],
    note: 'For each check with tags `host=<name or address>,port=<number>`; `timeout` in seconds (3), `send=<line>`, `expect=<text or expression>`, `ip=4` or `ip=6`.',
    metrics: [
      gauge('tcp.connect', '-', '1 when a connection came about in time and the answer was as expected; else 0'),
      gauge('tcp.latency', 'ms', 'until the connection came about, with the lookup of the name; missing without one'),
    ],
  },
  {
    title: 'Check: HTTP',
    tags: ['url'],
    note: 'For each check with tags `url=<url>`; options in the README of the agent.',
    metrics: [
      gauge('http.ok', '-', '1 when the answer came in time with an expected status and body; else 0'),
      gauge('http.status', '-', 'of the answer; 0 without one'),
      gauge(
        'http.latency',
        'ms',
        'until the answer was there, redirects and the looked-at body included; missing without one',
      ),
      gauge(
        'http.cert.days',
        'days',
        'left to the certificate, below 0 when it has run out; also of one that is not good',
      ),
    ],
  },
  {
    title: 'Check: DNS',
    tags: ['lookup'],
    note: 'For each check with tags `lookup=<name>`; `type` (A), `server`, `port` (53), `timeout` in seconds (3), `expect=<answer>`.',
    metrics: [
      gauge('dns.ok', '-', '1 when there are answers, with the expected one among them; else 0'),
      gauge('dns.latency', 'ms', 'until the answer, also one that there is nothing; missing without one'),
      gauge('dns.answers', 'records', 'of the type asked for'),
    ],
  },
  {
    title: 'Check: files',
    tags: ['path'],
    note: 'For each check with tags `path=<path with * and ?>`; `depth` is how many levels of folders below are looked into (0), `kind` is `file`, `folder` or `any`. Missing when there are more than 100 000 or after 30 s.',
    metrics: [
      gauge('file.count', 'files', 'that fit; 0 when there is none'),
      gauge('file.size', 'bytes', 'of all of them'),
      gauge('file.age.newest', 's', 'since the youngest was last written to; missing when there is none'),
      gauge('file.age.oldest', 's', 'since the oldest was last written to'),
    ],
  },
  {
    title: 'Check: log files',
    tags: ['file'],
    note: 'For each check with tags `file=<path with * and ?>` and `text=<text>` or `match=<expression>`; `encoding` is `utf-8` or `gbk`, `megabytes` what is read in a round at most (16). Counting begins with what comes after the first round.',
    metrics: [
      gauge('log.count', 'lines', 'that came since the last round and match; missing when a file cannot be read'),
      gauge('log.behind', 'bytes', 'that could not be looked through in this round'),
    ],
  },
]
