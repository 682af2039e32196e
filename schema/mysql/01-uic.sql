-- People: users, teams, who is in which, and logins. passwd holds a salted hash; role: -1 blocked, 0 normal, 1 admin, 2 root.
CREATE DATABASE IF NOT EXISTS uic DEFAULT CHARACTER SET utf8 DEFAULT COLLATE utf8_general_ci;

CREATE TABLE IF NOT EXISTS uic.team (
  id      INT(10) UNSIGNED NOT NULL AUTO_INCREMENT,
  name    VARCHAR(64)      NOT NULL,
  resume  VARCHAR(255)     NOT NULL DEFAULT '',
  creator INT(10) UNSIGNED NOT NULL DEFAULT 0,
  created TIMESTAMP        NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  UNIQUE KEY idx_team_name (name)
) ENGINE = InnoDB DEFAULT CHARSET = utf8;

CREATE TABLE IF NOT EXISTS uic.`user` (
  id      INT(10) UNSIGNED NOT NULL AUTO_INCREMENT,
  name    VARCHAR(64)      NOT NULL,
  passwd  VARCHAR(64)      NOT NULL DEFAULT '',
  cnname  VARCHAR(128)     NOT NULL DEFAULT '',
  email   VARCHAR(255)     NOT NULL DEFAULT '',
  phone   VARCHAR(16)      NOT NULL DEFAULT '',
  im      VARCHAR(32)      NOT NULL DEFAULT '',
  qq      VARCHAR(16)      NOT NULL DEFAULT '',
  role    TINYINT          NOT NULL DEFAULT 0,
  creator INT(10) UNSIGNED NOT NULL DEFAULT 0,
  created TIMESTAMP        NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  UNIQUE KEY idx_user_name (name)
) ENGINE = InnoDB DEFAULT CHARSET = utf8;

CREATE TABLE IF NOT EXISTS uic.rel_team_user (
  id  INT(10) UNSIGNED NOT NULL AUTO_INCREMENT,
  tid INT(10) UNSIGNED NOT NULL,
  uid INT(10) UNSIGNED NOT NULL,
  PRIMARY KEY (id),
  KEY idx_rel_tid (tid),
  KEY idx_rel_uid (uid)
) ENGINE = InnoDB DEFAULT CHARSET = utf8;

CREATE TABLE IF NOT EXISTS uic.`session` (
  id      INT(10) UNSIGNED NOT NULL AUTO_INCREMENT,
  uid     INT(10) UNSIGNED NOT NULL,
  sig     VARCHAR(32)      NOT NULL,
  expired INT(10) UNSIGNED NOT NULL,
  PRIMARY KEY (id),
  KEY idx_session_uid (uid),
  KEY idx_session_sig (sig)
) ENGINE = InnoDB DEFAULT CHARSET = utf8;
