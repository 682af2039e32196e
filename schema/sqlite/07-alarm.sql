-- What alarm keeps: events, cases, notices and how they were delivered. Times are unix milliseconds.

-- Which alarm process has taken which event from the queue, and until when nobody else may.
CREATE TABLE IF NOT EXISTS falcon_event_taken (
  event    INTEGER PRIMARY KEY NOT NULL,
  consumer VARCHAR(128) NOT NULL,
  held_until INTEGER NOT NULL
);

CREATE INDEX IF NOT EXISTS idx_taken_until ON falcon_event_taken (held_until);

CREATE INDEX IF NOT EXISTS idx_taken_consumer ON falcon_event_taken (consumer);

-- Events that were recorded, each once, however often the queue hands it out. An OK tells how many seconds the problem lasted and its worst value.
CREATE TABLE IF NOT EXISTS falcon_alarm_event (
  event_key VARCHAR(160) PRIMARY KEY NOT NULL,
  case_id   VARCHAR(50) NOT NULL,
  batch     VARCHAR(36) NOT NULL,
  queue     VARCHAR(64) NOT NULL,
  event     TEXT NOT NULL,
  lasted    INTEGER NOT NULL,
  worst     REAL NOT NULL,
  taken     INTEGER NOT NULL
);

CREATE INDEX IF NOT EXISTS idx_alarm_event_case ON falcon_alarm_event (case_id);

CREATE INDEX IF NOT EXISTS idx_alarm_event_batch ON falcon_alarm_event (batch);

CREATE INDEX IF NOT EXISTS idx_alarm_event_taken ON falcon_alarm_event (taken);

-- What was on the queue and is no event, kept for a look.
CREATE TABLE IF NOT EXISTS falcon_dead_event (
  event_key VARCHAR(32) PRIMARY KEY NOT NULL,
  queue     VARCHAR(64) NOT NULL,
  event     TEXT NOT NULL,
  reason    VARCHAR(255) NOT NULL,
  taken     INTEGER NOT NULL
);

CREATE INDEX IF NOT EXISTS idx_dead_event_taken ON falcon_dead_event (taken);

-- What alarm knows of a case beside event_cases. opened is 0 while the case is closed; worst is the value furthest on the bad side.
CREATE TABLE IF NOT EXISTS falcon_case (
  case_id         VARCHAR(50) PRIMARY KEY NOT NULL,
  opened          INTEGER NOT NULL,
  seen            INTEGER NOT NULL,
  worst           REAL NOT NULL,
  action_id       INTEGER NOT NULL,
  event_key       VARCHAR(160) NOT NULL,
  acknowledged    INTEGER NOT NULL,
  acknowledged_by VARCHAR(64) NOT NULL,
  reminded        INTEGER NOT NULL,
  escalated       INTEGER NOT NULL
);

CREATE INDEX IF NOT EXISTS idx_case_opened ON falcon_case (opened);

-- Who is told what: a person, a channel, an event. message_id is empty while it waits and when nothing is sent.
CREATE TABLE IF NOT EXISTS falcon_notice (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  notice_key VARCHAR(32) NOT NULL,
  kind       VARCHAR(20) NOT NULL,
  event_key  VARCHAR(160) NOT NULL,
  case_id    VARCHAR(50) NOT NULL,
  endpoint   VARCHAR(255) NOT NULL,
  metric     VARCHAR(512) NOT NULL,
  priority   INTEGER NOT NULL,
  status     VARCHAR(20) NOT NULL,
  event_time INTEGER NOT NULL,
  person     VARCHAR(64) NOT NULL,
  channel    VARCHAR(64) NOT NULL,
  address    VARCHAR(255) NOT NULL,
  state      VARCHAR(20) NOT NULL,
  merge_key  VARCHAR(32) NOT NULL,
  due        INTEGER NOT NULL,
  message_id VARCHAR(32) NOT NULL,
  created    INTEGER NOT NULL
);

CREATE UNIQUE INDEX IF NOT EXISTS idx_notice_key ON falcon_notice (notice_key);

CREATE INDEX IF NOT EXISTS idx_notice_due ON falcon_notice (state, due);

CREATE INDEX IF NOT EXISTS idx_notice_merge ON falcon_notice (merge_key, state);

CREATE INDEX IF NOT EXISTS idx_notice_case ON falcon_notice (case_id, created);

CREATE INDEX IF NOT EXISTS idx_notice_person ON falcon_notice (person, created);

CREATE INDEX IF NOT EXISTS idx_notice_message ON falcon_notice (message_id);

CREATE INDEX IF NOT EXISTS idx_notice_created ON falcon_notice (created);

-- What is handed to a provider, once: a text for one or more receivers. claim is whose turn it is to try, until claimed.
CREATE TABLE IF NOT EXISTS falcon_message (
  id        VARCHAR(32) PRIMARY KEY NOT NULL,
  kind      VARCHAR(20) NOT NULL,
  channel   VARCHAR(64) NOT NULL,
  receivers TEXT NOT NULL,
  subject   TEXT NOT NULL,
  content   TEXT NOT NULL,
  event_key VARCHAR(160) NOT NULL,
  merge_key VARCHAR(32) NOT NULL,
  state     VARCHAR(20) NOT NULL,
  due       INTEGER NOT NULL,
  tries     INTEGER NOT NULL,
  claim     VARCHAR(64) NOT NULL,
  claimed   INTEGER NOT NULL,
  failure   VARCHAR(500) NOT NULL,
  created   INTEGER NOT NULL,
  finished  INTEGER NOT NULL
);

CREATE INDEX IF NOT EXISTS idx_message_due ON falcon_message (channel, state, due, id);

CREATE INDEX IF NOT EXISTS idx_message_claim ON falcon_message (claim);

CREATE INDEX IF NOT EXISTS idx_message_merge ON falcon_message (merge_key, created);

CREATE INDEX IF NOT EXISTS idx_message_state ON falcon_message (state, created);

CREATE INDEX IF NOT EXISTS idx_message_created ON falcon_message (created);

-- Each attempt to hand over a message and what came of it.
CREATE TABLE IF NOT EXISTS falcon_try (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  message_id VARCHAR(32) NOT NULL,
  started    INTEGER NOT NULL,
  took_ms    INTEGER NOT NULL,
  outcome    VARCHAR(20) NOT NULL,
  detail     VARCHAR(500) NOT NULL
);

CREATE INDEX IF NOT EXISTS idx_try_message ON falcon_try (message_id);

CREATE INDEX IF NOT EXISTS idx_try_started ON falcon_try (started);

-- Whose events nobody is told of, from starts to ends. matchers is a list of conditions, as JSON.
CREATE TABLE IF NOT EXISTS falcon_silence (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  matchers TEXT NOT NULL,
  starts   INTEGER NOT NULL,
  ends     INTEGER NOT NULL,
  creator  VARCHAR(64) NOT NULL,
  reason   VARCHAR(255) NOT NULL,
  created  INTEGER NOT NULL
);

CREATE INDEX IF NOT EXISTS idx_silence_ends ON falcon_silence (ends);
