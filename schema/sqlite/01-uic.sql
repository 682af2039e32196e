-- People: users, teams, who is in which, and logins. passwd holds a salted hash; role: -1 blocked, 0 normal, 1 admin, 2 root.

CREATE TABLE IF NOT EXISTS team (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  name    VARCHAR(64) NOT NULL,
  resume  VARCHAR(255) NOT NULL DEFAULT '',
  creator INTEGER NOT NULL DEFAULT 0,
  created TEXT NOT NULL DEFAULT (datetime('now', 'localtime'))
);

CREATE UNIQUE INDEX IF NOT EXISTS idx_team_name ON team (name);

CREATE TABLE IF NOT EXISTS "user" (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  name    VARCHAR(64) NOT NULL,
  passwd  VARCHAR(64) NOT NULL DEFAULT '',
  cnname  VARCHAR(128) NOT NULL DEFAULT '',
  email   VARCHAR(255) NOT NULL DEFAULT '',
  phone   VARCHAR(16) NOT NULL DEFAULT '',
  im      VARCHAR(32) NOT NULL DEFAULT '',
  qq      VARCHAR(16) NOT NULL DEFAULT '',
  role    INTEGER NOT NULL DEFAULT 0,
  creator INTEGER NOT NULL DEFAULT 0,
  created TEXT NOT NULL DEFAULT (datetime('now', 'localtime'))
);

CREATE UNIQUE INDEX IF NOT EXISTS idx_user_name ON "user" (name);

CREATE TABLE IF NOT EXISTS rel_team_user (
  id  INTEGER PRIMARY KEY AUTOINCREMENT,
  tid INTEGER NOT NULL,
  uid INTEGER NOT NULL
);

CREATE INDEX IF NOT EXISTS idx_rel_tid ON rel_team_user (tid);

CREATE INDEX IF NOT EXISTS idx_rel_uid ON rel_team_user (uid);

CREATE TABLE IF NOT EXISTS "session" (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  uid     INTEGER NOT NULL,
  sig     VARCHAR(32) NOT NULL,
  expired INTEGER NOT NULL
);

CREATE INDEX IF NOT EXISTS idx_session_uid ON "session" (uid);

CREATE INDEX IF NOT EXISTS idx_session_sig ON "session" (sig);
