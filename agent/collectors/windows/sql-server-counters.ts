import type { CounterMetric } from './iis-counters.ts'

const row = (metric: string, counter: string, unit: string, meaning: string): CounterMetric => ({
  metric: `sqlserver.${metric}`,
  counter,
  unit,
  meaning,
})

/** Falcon: of the whole host, but sent among those of SQL Server by Windows-Agent. */
export const sqlServerHostCounters: readonly CounterMetric[] = [
  row(
    'processor_info.total.processor_time',
    '\\Processor Information(_Total)\\% Processor Time',
    '%',
    'processors of the host at work',
  ),
  row(
    'physical_disk.total.avg.disk_queue_length',
    '\\PhysicalDisk(_Total)\\Avg. Disk Queue Length',
    'requests',
    'waiting at all disks, average',
  ),
  row(
    'physical_disk.total.avg.disk_read_queue_length',
    '\\PhysicalDisk(_Total)\\Avg. Disk Read Queue Length',
    'requests',
    'the same, reads',
  ),
  row(
    'physical_disk.total.avg.disk_write_queue_length',
    '\\PhysicalDisk(_Total)\\Avg. Disk Write Queue Length',
    'requests',
    'the same, writes',
  ),
  row('physical_disk.total.avg.disk_sec_per_read', '\\PhysicalDisk(_Total)\\Avg. Disk sec/Read', 's', 'of a read'),
  row('physical_disk.total.avg.disk_sec_per_write', '\\PhysicalDisk(_Total)\\Avg. Disk sec/Write', 's', 'of a write'),
  row(
    'physical_disk.total.avg.disk_read_bytes_per_sec',
    '\\PhysicalDisk(_Total)\\Disk Read Bytes/sec',
    'B/s',
    'read from all disks',
  ),
  row(
    'physical_disk.total.avg.disk_write_bytes_per_sec',
    '\\PhysicalDisk(_Total)\\Disk Write Bytes/sec',
    'B/s',
    'written to all disks',
  ),
  row(
    'proc.sqlservr.privileged_time',
    '\\Process(sqlservr)\\% Privileged Time',
    '%',
    'of one processor, in the kernel, by the first instance',
  ),
  row(
    'proc.sqlservr.1.processor_time',
    '\\Process(sqlservr#1)\\% Processor Time',
    '%',
    'of one processor, by the second instance',
  ),
]

/** Falcon: of an instance of SQL Server as Windows-Agent sends them, in its spelling. `SQLServer:` is the default one. */
export const sqlServerCounters: readonly CounterMetric[] = [
  row(
    'sqlserver.sql_statistics.batch_rps',
    '\\SQLServer:SQL Statistics\\Batch Requests/sec',
    '1/s',
    'batches of statements',
  ),
  row(
    'sqlserver.sql_statistics.sql_compilations_per_sec',
    '\\SQLServer:SQL Statistics\\SQL Compilations/sec',
    '1/s',
    'compilations',
  ),
  row(
    'sqlserver.sql_statistics.sql_re_complilations_per_sec',
    '\\SQLServer:SQL Statistics\\SQL Re-Compilations/sec',
    '1/s',
    'repeated compilations',
  ),
  row(
    'sqlserver.buffer_manager.buffer_cache_hit_ratio',
    '\\SQLServer:Buffer Manager\\Buffer cache hit ratio',
    '%',
    'pages found in memory',
  ),
  row(
    'sqlserver.buffer_manager.lazy_writes_per_sec',
    '\\SQLServer:Buffer Manager\\Lazy writes/sec',
    '1/s',
    'pages written to make room',
  ),
  row(
    'sqlserver.buffer_manager.page_life_expectancy',
    '\\SQLServer:Buffer Manager\\Page life expectancy',
    's',
    'that a page stays in memory',
  ),
  row(
    'sqlserver.buffer_manager.total_pages',
    '\\SQLServer:Buffer Manager\\Total pages',
    'pages',
    'of 8 KiB in memory; not since SQL Server 2012',
  ),
  row(
    'sql_server.buffer_manager.database_pages',
    '\\SQLServer:Buffer Manager\\Database pages',
    'pages',
    'of 8 KiB with data in memory',
  ),
  row(
    'sqlserver.databases.total.data_file_size',
    '\\SQLServer:Databases(_Total)\\Data File(s) Size (KB)',
    'KiB',
    'data files of all databases',
  ),
  row(
    'sqlserver.databases.total.log_file_size',
    '\\SQLServer:Databases(_Total)\\Log File(s) Size (KB)',
    'KiB',
    'log files of all databases',
  ),
  row(
    'sqlserver.databases.total.transactions_per_sec',
    '\\SQLServer:Databases(_Total)\\Transactions/sec',
    '1/s',
    'transactions of all databases',
  ),
  row(
    'sqlserver.access_methods.full_sacans_per_sec',
    '\\SQLServer:Access Methods\\Full Scans/sec',
    '1/s',
    'whole tables or indexes read',
  ),
  row(
    'sqlserver.locks.lock_waits_per_sec',
    '\\SQLServer:Locks(_Total)\\Lock Waits/sec',
    '1/s',
    'requests that had to wait for a lock',
  ),
  row(
    'sqlserver.locks.total.number_of_deadlocks_per_sec',
    '\\SQLServer:Locks(_Total)\\Number of Deadlocks/sec',
    '1/s',
    'deadlocks',
  ),
  row(
    'sqlserver.general_statistics.user_connections',
    '\\SQLServer:General Statistics\\User Connections',
    'connections',
    'of users',
  ),
  row(
    'sqlserver.memory_manager.target_server_memory',
    '\\SQLServer:Memory Manager\\Target Server Memory (KB)',
    'KiB',
    'that the instance would like to have',
  ),
  row(
    'sqlserver.memory_manager.total_server_memory',
    '\\SQLServer:Memory Manager\\Total Server Memory (KB)',
    'KiB',
    'that the instance has',
  ),
  row(
    'sqlagent.jobs.total.failed_jobs',
    '\\SQLAgent:Jobs(_Total)\\Failed jobs',
    'jobs',
    'that failed since the agent of the instance started',
  ),
]

const defaultInstance = 'MSSQLSERVER'

/** What to read for these instances: the default one has no tag, whether it is registered or not. */
export function countersOfInstances(
  instances: readonly string[],
): { counter: string; metric: string; instance?: string }[] {
  const named = instances.filter((instance) => instance.toUpperCase() !== defaultInstance)
  return [
    ...sqlServerCounters,
    ...named.flatMap((instance) =>
      sqlServerCounters.map(({ counter, metric }) => ({ counter: ofInstance(counter, instance), metric, instance })),
    ),
  ]
}

function ofInstance(counter: string, instance: string): string {
  return counter.replace(/^\\SQLServer:/, `\\MSSQL$$${instance}:`).replace(/^\\SQLAgent:/, `\\SQLAgent$$${instance}:`)
}
