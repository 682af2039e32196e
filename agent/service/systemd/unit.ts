import type { ServiceLimits } from '../service.ts'

/** Seconds without a sign of life after which systemd kills the agent and starts it again. */
const watchdogSeconds = 40

/**
 * The unit file. It restricts what neither the agent nor an ordinary plugin does; it leaves files, programs, sudo and the
 * network as they are, since plugins may need any of them.
 */
export function unitText(command: readonly string[], folder: string, limits: ServiceLimits): string {
  return `[Unit]
Description=Falcon agent: metrics of this host
Wants=network-online.target
After=network-online.target time-sync.target
# It never gives up starting it.
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart=${command.map(quoted).join(' ')}
ExecReload=/bin/kill -HUP $MAINPID
WorkingDirectory=${escaped(folder)}
Restart=always
RestartSec=5
WatchdogSec=${watchdogSeconds}
WatchdogSignal=SIGKILL
TimeoutStartSec=120
TimeoutStopSec=25
# Plugins get SIGKILL with the agent if they do not end by themselves.
KillMode=mixed
LimitCORE=0
UMask=0027
${limitLines(limits).join('\n')}
LockPersonality=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
RestrictRealtime=yes

[Install]
WantedBy=multi-user.target
`
}

/**
 * The agent keeps its own memory limit and restarts in good order; the system's, at twice that, is for what it cannot see
 * coming, and for plugins, which count too.
 */
function limitLines({ memoryMegabytes, cpuPercent }: ServiceLimits): string[] {
  return [
    'OOMPolicy=continue',
    'OOMScoreAdjust=200',
    ...(memoryMegabytes > 0 ? [`MemoryMax=${memoryMegabytes * 2}M`] : []),
    ...(cpuPercent > 0 ? [`CPUQuota=${cpuPercent}%`] : []),
  ]
}

/** A word of a command line: systemd reads quotes, backslashes, `%` and `$` in it. */
function quoted(word: string): string {
  const inside = escaped(word).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('$', '$$$$')
  return `"${inside}"`
}

function escaped(text: string): string {
  return text.replaceAll('%', '%%')
}
