-- The index of series as Open-Falcon's graph kept it. Our store has its own; these serve tools that read the tables.
CREATE DATABASE IF NOT EXISTS graph DEFAULT CHARACTER SET utf8 DEFAULT COLLATE utf8_general_ci;

CREATE TABLE IF NOT EXISTS graph.endpoint (
  id       INT(10) UNSIGNED NOT NULL AUTO_INCREMENT,
  endpoint VARCHAR(255)     NOT NULL DEFAULT '',
  ts       INT(11)                   DEFAULT NULL,
  t_create DATETIME         NOT NULL,
  t_modify TIMESTAMP        NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  UNIQUE KEY idx_endpoint (endpoint)
) ENGINE = InnoDB DEFAULT CHARSET = utf8;

-- counter: metric, or metric/k=v,…; step in seconds; type: GAUGE, COUNTER or DERIVE.
CREATE TABLE IF NOT EXISTS graph.endpoint_counter (
  id          INT(10) UNSIGNED NOT NULL AUTO_INCREMENT,
  endpoint_id INT(10) UNSIGNED NOT NULL,
  counter     VARCHAR(255)     NOT NULL DEFAULT '',
  step        INT(11)          NOT NULL DEFAULT 60,
  type        VARCHAR(16)      NOT NULL,
  ts          INT(11)                   DEFAULT NULL,
  t_create    DATETIME         NOT NULL,
  t_modify    TIMESTAMP        NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  UNIQUE KEY idx_endpoint_id_counter (endpoint_id, counter)
) ENGINE = InnoDB DEFAULT CHARSET = utf8;

CREATE TABLE IF NOT EXISTS graph.tag_endpoint (
  id          INT(10) UNSIGNED NOT NULL AUTO_INCREMENT,
  tag         VARCHAR(255)     NOT NULL DEFAULT '',
  endpoint_id INT(10) UNSIGNED NOT NULL,
  ts          INT(11)                   DEFAULT NULL,
  t_create    DATETIME         NOT NULL,
  t_modify    TIMESTAMP        NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  UNIQUE KEY idx_tag_endpoint_id (tag, endpoint_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8;
