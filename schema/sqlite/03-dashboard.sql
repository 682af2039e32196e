-- Screens of charts, and the charts behind short-lived links. hosts, counters and endpoints are lists separated by |.

-- graph_type: h a chart per endpoint, k a chart per counter, a everything in one. timespan is in seconds.
CREATE TABLE IF NOT EXISTS dashboard_graph (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  title       CHAR(128) NOT NULL,
  hosts       VARCHAR(10240) NOT NULL DEFAULT '',
  counters    VARCHAR(1024) NOT NULL DEFAULT '',
  screen_id   INTEGER NOT NULL,
  timespan    INTEGER NOT NULL DEFAULT 3600,
  graph_type  CHAR(2) NOT NULL DEFAULT 'h',
  method      CHAR(8) DEFAULT '',
  position    INTEGER NOT NULL DEFAULT 0,
  falcon_tags VARCHAR(512) NOT NULL DEFAULT ''
);

CREATE INDEX IF NOT EXISTS idx_sid ON dashboard_graph (screen_id);

-- pid 0 is a top screen.
CREATE TABLE IF NOT EXISTS dashboard_screen (
  id     INTEGER PRIMARY KEY AUTOINCREMENT,
  pid    INTEGER NOT NULL DEFAULT 0,
  name   CHAR(128) NOT NULL,
  "time" TEXT NOT NULL DEFAULT (datetime('now', 'localtime'))
);

CREATE INDEX IF NOT EXISTS idx_pid ON dashboard_screen (pid);

CREATE UNIQUE INDEX IF NOT EXISTS idx_pid_n ON dashboard_screen (pid, name);

CREATE TRIGGER IF NOT EXISTS dashboard_screen_changed AFTER UPDATE ON dashboard_screen
WHEN OLD."time" IS NEW."time" AND (OLD.pid IS NOT NEW.pid OR OLD.name IS NOT NEW.name)
BEGIN UPDATE dashboard_screen SET "time" = datetime('now', 'localtime') WHERE id = NEW.id; END;

CREATE TABLE IF NOT EXISTS tmp_graph (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  endpoints VARCHAR(10240) NOT NULL DEFAULT '',
  counters  VARCHAR(10240) NOT NULL DEFAULT '',
  ck        VARCHAR(32) NOT NULL,
  time_     TEXT NOT NULL DEFAULT (datetime('now', 'localtime'))
);

CREATE UNIQUE INDEX IF NOT EXISTS idx_ck ON tmp_graph (ck);
