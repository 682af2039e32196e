/** What `agent help` prints, and on stderr what an unknown command does. */
export const usage = `Usage: agent [COMMAND] [--config FILE]

  run        run here until it is told to stop; also without a command
  install    have the system start the agent whenever the machine starts (needs root or an administrator)
  start      start it and wait until it runs
  stop       stop it; what it holds is sent or kept for later
  restart    stop, then start
  status     how it is: exit code 0 well, 1 something is wrong, 3 not running, 4 cannot be told
  uninstall  stop it and take back what install did; configuration, logs and unsent samples stay
  check      names of collectors and checks; "check NAME [TAGS]" runs one and prints it, sends nothing
  flare      write what is needed to find out what is wrong into one file, without secrets
  --check    collect once, print a table, send nothing
  version    print the version

The configuration is cfg.json beside the executable, unless --config names another.
`
