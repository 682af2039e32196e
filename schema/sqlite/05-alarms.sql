-- What happened: one case per event id, its events, and what people wrote about it.

-- timestamp is the start of the problem, so it must not follow later changes of the row.
CREATE TABLE IF NOT EXISTS event_cases (
  id             VARCHAR(50) PRIMARY KEY NOT NULL,
  endpoint       VARCHAR(100) NOT NULL,
  metric         VARCHAR(200) NOT NULL,
  func           VARCHAR(50),
  cond           VARCHAR(200) NOT NULL,
  note           VARCHAR(500),
  max_step       INTEGER,
  current_step   INTEGER,
  priority       INTEGER NOT NULL,
  status         VARCHAR(20) NOT NULL,
  "timestamp"    TEXT NOT NULL DEFAULT (datetime('now', 'localtime')),
  update_at      TEXT DEFAULT NULL,
  closed_at      TEXT DEFAULT NULL,
  closed_note    VARCHAR(250),
  user_modified  INTEGER,
  tpl_creator    VARCHAR(64),
  expression_id  INTEGER,
  strategy_id    INTEGER,
  template_id    INTEGER,
  process_note   INTEGER,
  process_status VARCHAR(20) DEFAULT 'unresolved'
);

CREATE INDEX IF NOT EXISTS idx_event_cases_endpoint ON event_cases (endpoint, strategy_id, template_id);

-- status: 0 problem, 1 ok.
CREATE TABLE IF NOT EXISTS events (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  event_caseId VARCHAR(50),
  step         INTEGER,
  cond         VARCHAR(200) NOT NULL,
  status       INTEGER DEFAULT 0,
  "timestamp"  TEXT NOT NULL DEFAULT (datetime('now', 'localtime')),
  FOREIGN KEY (event_caseId) REFERENCES event_cases (id) ON DELETE CASCADE ON UPDATE CASCADE
);

CREATE INDEX IF NOT EXISTS idx_events_event_caseId ON events (event_caseId);

CREATE TABLE IF NOT EXISTS event_note (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  event_caseId VARCHAR(50),
  note         VARCHAR(300),
  case_id      VARCHAR(20),
  status       VARCHAR(15),
  "timestamp"  TEXT NOT NULL DEFAULT (datetime('now', 'localtime')),
  user_id      INTEGER,
  FOREIGN KEY (event_caseId) REFERENCES event_cases (id) ON DELETE CASCADE ON UPDATE CASCADE,
  FOREIGN KEY (user_id) REFERENCES "user" (id) ON DELETE CASCADE ON UPDATE CASCADE
);

CREATE INDEX IF NOT EXISTS idx_event_note_event_caseId ON event_note (event_caseId);
