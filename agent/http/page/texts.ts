import type { FindingKind } from '../../findings.ts'

export type Language = 'en' | 'zh'

type Pair = readonly [en: string, zh: string]

/** All words of the page. `{name}` stands for a fact. */
const words = {
  agent: ['agent {version}, up {up}', 'agent {version}，已运行 {up}'],
  allWell: ['All is well', '一切正常'],
  allWellMore: ['Nothing on this host needs you.', '本机无需处理。'],
  someWrong: ['{count} things need a look', '有 {count} 项需要关注'],
  oneWrong: ['One thing needs a look', '有 1 项需要关注'],
  lastHour: ['The last hour', '最近一小时'],
  noHistory: [
    'Charts appear after the second collection, at most {seconds} s from now.',
    '第二次采集后显示图表，最多还需 {seconds} 秒。',
  ],
  chart_cpu: ['CPU', 'CPU'],
  chart_load: ['Load', '负载'],
  chart_memory: ['Memory', '内存'],
  chart_network: ['Network, bytes/s: in above, out below', '网络，字节/秒：上为入，下为出'],
  chart_fileSystems: ['Disk space used', '磁盘空间使用率'],
  chart_disks: ['Disks busy', '磁盘繁忙程度'],
  chart_agentCpu: ['This agent: CPU', '本 agent：CPU'],
  chart_agentMemory: ['This agent: memory, bytes', '本 agent：内存，字节'],
  chart_spool: ['This agent: samples waiting on disk, bytes', '本 agent：磁盘上待发送的数据，字节'],
  'cpu.user': ['programs', '用户程序'],
  'cpu.system': ['kernel', '内核'],
  'cpu.iowait': ['waiting for disks', '等待磁盘'],
  'cpu.steal': ['taken by the hypervisor', '被虚拟机管理程序占用'],
  'cpu.nice': ['low priority', '低优先级'],
  'cpu.softirq': ['soft interrupts', '软中断'],
  'cpu.irq': ['interrupts', '硬中断'],
  'load.1min': ['1 minute', '1 分钟'],
  'load.5min': ['5 minutes', '5 分钟'],
  'load.15min': ['15 minutes', '15 分钟'],
  'mem.memused.percent': ['used', '已用内存'],
  'mem.swapused.percent': ['swap used', '已用交换区'],
  'agent.cpu': ['of one processor', '占单核'],
  'agent.mem.rss': ['resident', '常驻内存'],
  'agent.spool.bytes': ['spool', '缓存文件'],
  in: ['in', '入'],
  out: ['out', '出'],
  now: ['now', '当前'],
  min: ['min', '最小'],
  avg: ['avg', '平均'],
  max: ['max', '最大'],
  minutesAgo: ['-{minutes} min', '-{minutes} 分'],
  sending: ['Sending', '发送'],
  sendingOff: [
    'Switched off: transfer.enabled is false or transfer.addrs is empty.',
    '已关闭：transfer.enabled 为 false，或 transfer.addrs 为空。',
  ],
  sentTo: ['Samples are taken by {peer}', '数据由 {peer} 接收'],
  nothingSent: ['Nothing sent yet', '尚未发送'],
  acknowledged: ['Last acknowledged', '最近一次确认'],
  tookMs: ['It took', '耗时'],
  delivered: ['Delivered since the start', '启动以来已送达'],
  waitingMemory: ['Waiting in memory', '内存中待发送'],
  waitingDisk: ['Waiting on disk', '磁盘上待发送'],
  spoolUsed: ['Spool', '缓存文件'],
  spoolOf: ['{used} of {room}', '{used}，上限 {room}'],
  oldest: ['Oldest on disk', '磁盘上最早'],
  dropped: ['Dropped since the start', '启动以来丢弃'],
  refused: ['Refused from scripts', '拒收的脚本数据'],
  heartbeat: ['Heartbeat', '心跳'],
  heartbeatOff: [
    'Switched off: heartbeat.enabled is false or heartbeat.addr is empty.',
    '已关闭：heartbeat.enabled 为 false，或 heartbeat.addr 为空。',
  ],
  hbs: ['hbs', 'hbs'],
  answered: ['Answered', '最近应答'],
  clock: ['This clock', '本机时钟'],
  clockSame: ['agrees with hbs (± {within})', '与 hbs 一致（± {within}）'],
  clockAhead: ['{skew} ahead of hbs (± {within})', '比 hbs 快 {skew}（± {within}）'],
  clockBehind: ['{skew} behind hbs (± {within})', '比 hbs 慢 {skew}（± {within}）'],
  unknown: ['not known', '未知'],
  name: ['Its name', '主机名'],
  nameOwn: ['no other agent has it', '无重名'],
  nameTaken: ['also used by {others}', '与 {others} 重名'],
  plugins: ['Plugins', '插件'],
  plugin: ['plugin', '插件'],
  every: ['every', '周期'],
  lastRun: ['last run', '最近运行'],
  took: ['took', '耗时'],
  exit: ['exit', '退出码'],
  samples: ['samples', '数据条数'],
  errorOrMessage: ['error or message', '错误或消息'],
  leftRunning: ['left running', '遗留进程'],
  running: ['running', '运行中'],
  notYet: ['not yet', '尚未运行'],
  nothingToRun: ['Bound, but nothing to run', '已绑定，但没有可运行的文件'],
  entry: ['entry', '绑定项'],
  because: ['because', '原因'],
  checks: ['Checks', '检查项'],
  check: ['check', '检查'],
  target: ['target', '目标'],
  value: ['value', '值'],
  reason: ['reason', '原因'],
  collectors: ['Collectors in trouble', '异常的采集器'],
  collector: ['collector', '采集器'],
  hangs: ['hangs', '无响应'],
  failed: ['failed', '失败'],
  values: ['Last values', '最新数据'],
  search: ['Search', '搜索'],
  searchHint: ['metric or tag, several words', '指标或标签，可输入多个词'],
  metric: ['metric', '指标'],
  tags: ['tags', '标签'],
  unit: ['unit', '单位'],
  measured: ['measured', '采集时间'],
  perSecond: ['/s', '/秒'],
  inTotal: ['in total', '累计'],
  showing: ['{shown} of {all} series', '共 {all} 条，显示 {shown} 条'],
  counters: ['Counters of this agent', '本 agent 的计数器'],
  counter: ['counter', '计数器'],
  none: ['none', '无'],
  never: ['never', '从未'],
  ago: ['{span} ago', '{span}前'],
  seconds: ['{n} s', '{n} 秒'],
  minutes: ['{n} min', '{n} 分钟'],
  hours: ['{n} h', '{n} 小时'],
  days: ['{n} days', '{n} 天'],
  asOf: ['as of', '截至'],
  find_notSent: ['transfer does not take samples: {reason}', 'transfer 没有接收数据：{reason}'],
  todo_notSent: [
    'See whether transfer runs at {to} and this host can reach it. Until then {waiting} samples wait here (spool {full} % full) and are sent later with their original time.',
    '请检查 {to} 上的 transfer 是否运行、本机能否连通。目前 {waiting} 条数据在本机等待（缓存已用 {full}%），恢复后会按原时间补发。',
  ],
  find_sendsNothing: ['This agent sends nothing', '本 agent 不发送数据'],
  todo_sendsNothing: [
    'Set transfer.enabled and transfer.addrs in its cfg.json, then restart it.',
    '请在 cfg.json 中设置 transfer.enabled 和 transfer.addrs，然后重启。',
  ],
  find_dropped: ['{dropped} samples were given up since the start', '启动以来丢弃了 {dropped} 条数据'],
  todo_dropped: [
    'The counters below say why. For outages as long as the last one, raise spool.maxBytes or spool.maxAgeSeconds.',
    '原因见下方计数器。若要承受同样长的中断，请调大 spool.maxBytes 或 spool.maxAgeSeconds。',
  ],
  find_memoryLimit: [
    'This agent takes {megabytes} of the {limit} MB that it may: it refuses pushes',
    '本 agent 已用内存 {megabytes} MB，上限 {limit} MB：暂时拒绝推送',
  ],
  todo_memoryLimit: [
    'Push less at once, or raise limits.memoryMegabytes. Samples go to disk meanwhile.',
    '请减少单次推送量，或调大 limits.memoryMegabytes；期间数据写入磁盘。',
  ],
  find_rejected: ['transfer called {rejected} samples invalid', 'transfer 判定 {rejected} 条数据无效'],
  todo_rejected: ['The log of the agent names the first of each batch.', 'agent 日志中记录了每批的第一条。'],
  find_heartbeat: ['hbs does not answer: {reason}', 'hbs 无应答：{reason}'],
  todo_heartbeat: [
    'See whether hbs runs at {to} and this host can reach it. Its last orders stay in force.',
    '请检查 {to} 上的 hbs 是否运行、本机能否连通。上次下发的内容继续有效。',
  ],
  find_duplicate: ['Another agent is also called {hostname}: {others}', '另有 agent 也叫 {hostname}：{others}'],
  todo_duplicate: [
    'Their samples overwrite each other. Give each its own hostname in cfg.json, or stop one.',
    '两者的数据会互相覆盖。请在 cfg.json 中为各自设置不同的 hostname，或停掉其中一个。',
  ],
  find_skew: ['The clock of this host is {seconds} s off that of hbs', '本机时钟与 hbs 相差 {seconds} 秒'],
  todo_skew: [
    'Above 0 it is ahead. Charts and alarms are late or early by as much; see whether time synchronisation runs.',
    '正数表示本机偏快。图表和报警会有同样的偏差，请检查时间同步服务。',
  ],
  find_collectorFailed: ['{collector} cannot be collected: {reason}', '{collector} 采集失败：{reason}'],
  todo_collectorFailed: ['Its metrics are missing meanwhile; all others are sent.', '期间缺少该项指标，其余照常发送。'],
  find_collectorHangs: ['{collector} hangs', '{collector} 采集无响应'],
  todo_collectorHangs: [
    'Often a network file system whose server is away. It is left out until it answers; all others are sent.',
    '常见原因是网络文件系统的服务器不可用。恢复前跳过该项，其余照常发送。',
  ],
  find_pluginFailed: ['Plugin {plugin}: {reason}', '插件 {plugin}：{reason}'],
  todo_pluginFailed: ['Its stderr is in the folder plugin.logs.', '其标准错误输出在 plugin.logs 目录中。'],
  find_pluginMissing: ['Plugin {entry} gives nothing to run: {reason}', '插件 {entry} 没有可运行的文件：{reason}'],
  todo_pluginMissing: [
    'Update the checkout (/plugin/update), or unbind the entry in the portal.',
    '请更新插件目录（/plugin/update），或在 portal 中解除绑定。',
  ],
  find_checkFailed: ['Check {check}: {reason}', '检查 {check}：{reason}'],
  todo_checkFailed: ['What it watches needs a look.', '请查看被检查的对象。'],
  find_moreOfThese: ['and {more} more like these', '还有 {more} 项类似问题'],
  todo_moreOfThese: ['They are in the tables below.', '见下方表格。'],
  find_diskFull: ['{mount} is {percent} % full', '{mount} 已用 {percent}%'],
  todo_diskFull: ['Make room, or enlarge the file system.', '请清理或扩容。'],
  find_inodesFull: ['{mount} has used {percent} % of its inodes', '{mount} 的 inode 已用 {percent}%'],
  todo_inodesFull: ['Remove what consists of many small files.', '请清理大量小文件。'],
  find_diskStuck: ['{mount} does not answer', '{mount} 无响应'],
  todo_diskStuck: [
    'Programs that touch it hang as well. See whether its server is up.',
    '访问它的程序也会卡住。请检查其服务器。',
  ],
  find_memoryFull: ['{percent} % of the memory is used', '内存已用 {percent}%'],
  todo_memoryFull: ['Soon the kernel kills programs to make room.', '内核可能很快会杀进程以释放内存。'],
} as const satisfies Record<string, Pair> & Record<`find_${FindingKind}` | `todo_${FindingKind}`, Pair>

export type Word = keyof typeof words

/** The words of a language. */
export interface Texts {
  readonly language: Language
  (word: Word, facts?: Readonly<Record<string, string | number>>): string
}

export function textsIn(language: Language): Texts {
  const at = language === 'zh' ? 1 : 0
  const say = (word: Word, facts: Readonly<Record<string, string | number>> = {}): string =>
    words[word][at].replaceAll(/\{(\w+)\}/g, (_, name: string) => String(facts[name] ?? ''))
  return Object.assign(say, { language })
}

/** Whether a text has words of its own, as the metrics that charts draw. */
export function isWord(text: string): text is Word {
  return Object.hasOwn(words, text)
}

/** The language a request asks for: `?lang=`, else what its browser prefers, else English. */
export function languageOf(asked: string | null, accepted: string | undefined): Language {
  if (asked === 'en' || asked === 'zh') return asked
  let best: { language: Language; quality: number } = { language: 'en', quality: 0 }
  for (const part of (accepted ?? '').split(',')) {
    const [, name = '', quality = '1'] = /^\s*([a-z]+)(?:-[\w-]+)?(?:\s*;\s*q=([\d.]+))?\s*$/i.exec(part) ?? []
    const language = name.toLowerCase()
    if ((language === 'en' || language === 'zh') && Number(quality) > best.quality)
      best = { language, quality: Number(quality) }
  }
  return best.language
}
