-- The index of series as Open-Falcon's graph kept it. Our store has its own; these serve tools that read the tables.

CREATE TABLE IF NOT EXISTS endpoint (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  endpoint VARCHAR(255) NOT NULL DEFAULT '',
  ts       INTEGER DEFAULT NULL,
  t_create TEXT NOT NULL,
  t_modify TEXT NOT NULL DEFAULT (datetime('now', 'localtime'))
);

CREATE UNIQUE INDEX IF NOT EXISTS idx_endpoint ON endpoint (endpoint);

CREATE TRIGGER IF NOT EXISTS endpoint_changed AFTER UPDATE ON endpoint
WHEN OLD.t_modify IS NEW.t_modify AND (OLD.endpoint IS NOT NEW.endpoint OR OLD.ts IS NOT NEW.ts OR OLD.t_create IS NOT NEW.t_create)
BEGIN UPDATE endpoint SET t_modify = datetime('now', 'localtime') WHERE id = NEW.id; END;

-- counter: metric, or metric/k=v,…; step in seconds; type: GAUGE, COUNTER or DERIVE.
CREATE TABLE IF NOT EXISTS endpoint_counter (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  endpoint_id INTEGER NOT NULL,
  counter     VARCHAR(255) NOT NULL DEFAULT '',
  step        INTEGER NOT NULL DEFAULT 60,
  type        VARCHAR(16) NOT NULL,
  ts          INTEGER DEFAULT NULL,
  t_create    TEXT NOT NULL,
  t_modify    TEXT NOT NULL DEFAULT (datetime('now', 'localtime'))
);

CREATE UNIQUE INDEX IF NOT EXISTS idx_endpoint_id_counter ON endpoint_counter (endpoint_id, counter);

CREATE TRIGGER IF NOT EXISTS endpoint_counter_changed AFTER UPDATE ON endpoint_counter
WHEN OLD.t_modify IS NEW.t_modify AND (OLD.endpoint_id IS NOT NEW.endpoint_id OR OLD.counter IS NOT NEW.counter OR OLD.step IS NOT NEW.step OR OLD.type IS NOT NEW.type OR OLD.ts IS NOT NEW.ts OR OLD.t_create IS NOT NEW.t_create)
BEGIN UPDATE endpoint_counter SET t_modify = datetime('now', 'localtime') WHERE id = NEW.id; END;

CREATE TABLE IF NOT EXISTS tag_endpoint (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  tag         VARCHAR(255) NOT NULL DEFAULT '',
  endpoint_id INTEGER NOT NULL,
  ts          INTEGER DEFAULT NULL,
  t_create    TEXT NOT NULL,
  t_modify    TEXT NOT NULL DEFAULT (datetime('now', 'localtime'))
);

CREATE UNIQUE INDEX IF NOT EXISTS idx_tag_endpoint_id ON tag_endpoint (tag, endpoint_id);

CREATE TRIGGER IF NOT EXISTS tag_endpoint_changed AFTER UPDATE ON tag_endpoint
WHEN OLD.t_modify IS NEW.t_modify AND (OLD.tag IS NOT NEW.tag OR OLD.endpoint_id IS NOT NEW.endpoint_id OR OLD.ts IS NOT NEW.ts OR OLD.t_create IS NOT NEW.t_create)
BEGIN UPDATE tag_endpoint SET t_modify = datetime('now', 'localtime') WHERE id = NEW.id; END;
