-- Screens of charts, and the charts behind short-lived links. hosts, counters and endpoints are lists separated by |.
CREATE DATABASE IF NOT EXISTS dashboard DEFAULT CHARACTER SET utf8 DEFAULT COLLATE utf8_general_ci;

-- graph_type: h a chart per endpoint, k a chart per counter, a everything in one. timespan is in seconds.
CREATE TABLE IF NOT EXISTS dashboard.dashboard_graph (
  id          INT(11) UNSIGNED NOT NULL AUTO_INCREMENT,
  title       CHAR(128)        NOT NULL,
  hosts       VARCHAR(10240)   NOT NULL DEFAULT '',
  counters    VARCHAR(1024)    NOT NULL DEFAULT '',
  screen_id   INT(11) UNSIGNED NOT NULL,
  timespan    INT(11) UNSIGNED NOT NULL DEFAULT 3600,
  graph_type  CHAR(2)          NOT NULL DEFAULT 'h',
  method      CHAR(8)                   DEFAULT '',
  position    INT(11) UNSIGNED NOT NULL DEFAULT 0,
  falcon_tags VARCHAR(512)     NOT NULL DEFAULT '',
  PRIMARY KEY (id),
  KEY idx_sid (screen_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8;

-- pid 0 is a top screen.
CREATE TABLE IF NOT EXISTS dashboard.dashboard_screen (
  id     INT(11) UNSIGNED NOT NULL AUTO_INCREMENT,
  pid    INT(11) UNSIGNED NOT NULL DEFAULT 0,
  name   CHAR(128)        NOT NULL,
  `time` TIMESTAMP        NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  KEY idx_pid (pid),
  UNIQUE KEY idx_pid_n (pid, name)
) ENGINE = InnoDB DEFAULT CHARSET = utf8;

CREATE TABLE IF NOT EXISTS dashboard.tmp_graph (
  id        INT(11) UNSIGNED NOT NULL AUTO_INCREMENT,
  endpoints VARCHAR(10240)   NOT NULL DEFAULT '',
  counters  VARCHAR(10240)   NOT NULL DEFAULT '',
  ck        VARCHAR(32)      NOT NULL,
  time_     TIMESTAMP        NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  UNIQUE KEY idx_ck (ck)
) ENGINE = InnoDB DEFAULT CHARSET = utf8;
