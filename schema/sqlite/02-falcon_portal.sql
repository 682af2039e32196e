-- What is watched: hosts, groups, templates with their strategies and actions, expressions, plugin bindings.

-- maintain_begin and maintain_end are unix seconds; 0 and 0 is no maintenance.
CREATE TABLE IF NOT EXISTS host (
  id             INTEGER PRIMARY KEY AUTOINCREMENT,
  hostname       VARCHAR(255) NOT NULL DEFAULT '',
  ip             VARCHAR(16) NOT NULL DEFAULT '',
  agent_version  VARCHAR(16) NOT NULL DEFAULT '',
  plugin_version VARCHAR(128) NOT NULL DEFAULT '',
  maintain_begin INTEGER NOT NULL DEFAULT 0,
  maintain_end   INTEGER NOT NULL DEFAULT 0,
  update_at      TEXT NOT NULL DEFAULT (datetime('now', 'localtime'))
);

CREATE UNIQUE INDEX IF NOT EXISTS idx_host_hostname ON host (hostname);

CREATE TRIGGER IF NOT EXISTS host_changed AFTER UPDATE ON host
WHEN OLD.update_at IS NEW.update_at AND (OLD.hostname IS NOT NEW.hostname OR OLD.ip IS NOT NEW.ip OR OLD.agent_version IS NOT NEW.agent_version OR OLD.plugin_version IS NOT NEW.plugin_version OR OLD.maintain_begin IS NOT NEW.maintain_begin OR OLD.maintain_end IS NOT NEW.maintain_end)
BEGIN UPDATE host SET update_at = datetime('now', 'localtime') WHERE id = NEW.id; END;

-- come_from: 0 synchronised from an asset system, 1 made by hand.
CREATE TABLE IF NOT EXISTS grp (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  grp_name    VARCHAR(255) NOT NULL DEFAULT '',
  create_user VARCHAR(64) NOT NULL DEFAULT '',
  create_at   TEXT NOT NULL DEFAULT (datetime('now', 'localtime')),
  come_from   INTEGER NOT NULL DEFAULT 0
);

CREATE UNIQUE INDEX IF NOT EXISTS idx_host_grp_grp_name ON grp (grp_name);

CREATE TABLE IF NOT EXISTS grp_host (
  grp_id  INTEGER NOT NULL,
  host_id INTEGER NOT NULL
);

CREATE INDEX IF NOT EXISTS idx_grp_host_grp_id ON grp_host (grp_id);

CREATE INDEX IF NOT EXISTS idx_grp_host_host_id ON grp_host (host_id);

-- parent_id 0 is a root; action_id 0 tells nobody.
CREATE TABLE IF NOT EXISTS tpl (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  tpl_name    VARCHAR(255) NOT NULL DEFAULT '',
  parent_id   INTEGER NOT NULL DEFAULT 0,
  action_id   INTEGER NOT NULL DEFAULT 0,
  create_user VARCHAR(64) NOT NULL DEFAULT '',
  create_at   TEXT NOT NULL DEFAULT (datetime('now', 'localtime'))
);

CREATE UNIQUE INDEX IF NOT EXISTS idx_tpl_name ON tpl (tpl_name);

CREATE INDEX IF NOT EXISTS idx_tpl_create_user ON tpl (create_user);

-- right_value is a number as text; run_begin and run_end are HH:MM or empty.
CREATE TABLE IF NOT EXISTS strategy (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  metric      VARCHAR(128) NOT NULL DEFAULT '',
  tags        VARCHAR(256) NOT NULL DEFAULT '',
  max_step    INTEGER NOT NULL DEFAULT 1,
  priority    INTEGER NOT NULL DEFAULT 0,
  func        VARCHAR(16) NOT NULL DEFAULT 'all(#1)',
  op          VARCHAR(8) NOT NULL DEFAULT '',
  right_value VARCHAR(64) NOT NULL,
  note        VARCHAR(128) NOT NULL DEFAULT '',
  run_begin   VARCHAR(16) NOT NULL DEFAULT '',
  run_end     VARCHAR(16) NOT NULL DEFAULT '',
  tpl_id      INTEGER NOT NULL DEFAULT 0
);

CREATE INDEX IF NOT EXISTS idx_strategy_tpl_id ON strategy (tpl_id);

-- expression: each(metric=m k=v …); pause 1 is off.
CREATE TABLE IF NOT EXISTS expression (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  expression  VARCHAR(1024) NOT NULL,
  func        VARCHAR(16) NOT NULL DEFAULT 'all(#1)',
  op          VARCHAR(8) NOT NULL DEFAULT '',
  right_value VARCHAR(16) NOT NULL DEFAULT '',
  max_step    INTEGER NOT NULL DEFAULT 1,
  priority    INTEGER NOT NULL DEFAULT 0,
  note        VARCHAR(1024) NOT NULL DEFAULT '',
  action_id   INTEGER NOT NULL DEFAULT 0,
  create_user VARCHAR(64) NOT NULL DEFAULT '',
  pause       INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE IF NOT EXISTS grp_tpl (
  grp_id    INTEGER NOT NULL,
  tpl_id    INTEGER NOT NULL,
  bind_user VARCHAR(64) NOT NULL DEFAULT ''
);

CREATE INDEX IF NOT EXISTS idx_grp_tpl_grp_id ON grp_tpl (grp_id);

CREATE INDEX IF NOT EXISTS idx_grp_tpl_tpl_id ON grp_tpl (tpl_id);

-- dir: a folder of plugins, one script, or script(arguments).
CREATE TABLE IF NOT EXISTS plugin_dir (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  grp_id      INTEGER NOT NULL,
  dir         VARCHAR(255) NOT NULL,
  create_user VARCHAR(64) NOT NULL DEFAULT '',
  create_at   TEXT NOT NULL DEFAULT (datetime('now', 'localtime'))
);

CREATE INDEX IF NOT EXISTS idx_plugin_dir_grp_id ON plugin_dir (grp_id);

-- uic: names of teams, separated by commas.
CREATE TABLE IF NOT EXISTS "action" (
  id                   INTEGER PRIMARY KEY AUTOINCREMENT,
  uic                  VARCHAR(255) NOT NULL DEFAULT '',
  url                  VARCHAR(255) NOT NULL DEFAULT '',
  callback             INTEGER NOT NULL DEFAULT 0,
  before_callback_sms  INTEGER NOT NULL DEFAULT 0,
  before_callback_mail INTEGER NOT NULL DEFAULT 0,
  after_callback_sms   INTEGER NOT NULL DEFAULT 0,
  after_callback_mail  INTEGER NOT NULL DEFAULT 0
);

-- Rules for series that stopped arriving. obj: one endpoint or group a line; obj_type: host, group or other.
CREATE TABLE IF NOT EXISTS mockcfg (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  name     VARCHAR(255) NOT NULL DEFAULT '',
  obj      VARCHAR(10240) NOT NULL DEFAULT '',
  obj_type VARCHAR(255) NOT NULL DEFAULT '',
  metric   VARCHAR(128) NOT NULL DEFAULT '',
  tags     VARCHAR(1024) NOT NULL DEFAULT '',
  dstype   VARCHAR(32) NOT NULL DEFAULT 'GAUGE',
  step     INTEGER NOT NULL DEFAULT 60,
  mock     REAL NOT NULL DEFAULT 0,
  creator  VARCHAR(64) NOT NULL DEFAULT '',
  t_create TEXT NOT NULL,
  t_modify TEXT NOT NULL DEFAULT (datetime('now', 'localtime'))
);

CREATE UNIQUE INDEX IF NOT EXISTS uniq_name ON mockcfg (name);

CREATE TRIGGER IF NOT EXISTS mockcfg_changed AFTER UPDATE ON mockcfg
WHEN OLD.t_modify IS NEW.t_modify AND (OLD.name IS NOT NEW.name OR OLD.obj IS NOT NEW.obj OR OLD.obj_type IS NOT NEW.obj_type OR OLD.metric IS NOT NEW.metric OR OLD.tags IS NOT NEW.tags OR OLD.dstype IS NOT NEW.dstype OR OLD.step IS NOT NEW.step OR OLD.mock IS NOT NEW.mock OR OLD.creator IS NOT NEW.creator OR OLD.t_create IS NOT NEW.t_create)
BEGIN UPDATE mockcfg SET t_modify = datetime('now', 'localtime') WHERE id = NEW.id; END;

-- Series computed over the hosts of a group.
CREATE TABLE IF NOT EXISTS cluster (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  grp_id      INTEGER NOT NULL,
  numerator   VARCHAR(10240) NOT NULL,
  denominator VARCHAR(10240) NOT NULL,
  endpoint    VARCHAR(255) NOT NULL,
  metric      VARCHAR(255) NOT NULL,
  tags        VARCHAR(255) NOT NULL,
  ds_type     VARCHAR(255) NOT NULL,
  step        INTEGER NOT NULL,
  last_update TEXT NOT NULL DEFAULT (datetime('now', 'localtime')),
  creator     VARCHAR(255) NOT NULL
);

CREATE TRIGGER IF NOT EXISTS cluster_changed AFTER UPDATE ON cluster
WHEN OLD.last_update IS NEW.last_update AND (OLD.grp_id IS NOT NEW.grp_id OR OLD.numerator IS NOT NEW.numerator OR OLD.denominator IS NOT NEW.denominator OR OLD.endpoint IS NOT NEW.endpoint OR OLD.metric IS NOT NEW.metric OR OLD.tags IS NOT NEW.tags OR OLD.ds_type IS NOT NEW.ds_type OR OLD.step IS NOT NEW.step OR OLD.creator IS NOT NEW.creator)
BEGIN UPDATE cluster SET last_update = datetime('now', 'localtime') WHERE id = NEW.id; END;

-- What a short link in a merged notification opens.
CREATE TABLE IF NOT EXISTS alert_link (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  path      VARCHAR(16) NOT NULL DEFAULT '',
  content   TEXT NOT NULL,
  create_at TEXT NOT NULL DEFAULT (datetime('now', 'localtime'))
);

CREATE UNIQUE INDEX IF NOT EXISTS alert_path ON alert_link (path);
