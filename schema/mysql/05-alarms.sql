-- What happened: one case per event id, its events, and what people wrote about it.
CREATE DATABASE IF NOT EXISTS alarms DEFAULT CHARACTER SET utf8 DEFAULT COLLATE utf8_general_ci;

-- timestamp is the start of the problem, so it must not follow later changes of the row.
CREATE TABLE IF NOT EXISTS alarms.event_cases (
  id             VARCHAR(50),
  endpoint       VARCHAR(100)     NOT NULL,
  metric         VARCHAR(200)     NOT NULL,
  func           VARCHAR(50),
  cond           VARCHAR(200)     NOT NULL,
  note           VARCHAR(500),
  max_step       INT(10) UNSIGNED,
  current_step   INT(10) UNSIGNED,
  priority       INT(6)           NOT NULL,
  status         VARCHAR(20)      NOT NULL,
  `timestamp`    TIMESTAMP        NOT NULL DEFAULT CURRENT_TIMESTAMP,
  update_at      TIMESTAMP        NULL DEFAULT NULL,
  closed_at      TIMESTAMP        NULL DEFAULT NULL,
  closed_note    VARCHAR(250),
  user_modified  INT(10) UNSIGNED,
  tpl_creator    VARCHAR(64),
  expression_id  INT(10) UNSIGNED,
  strategy_id    INT(10) UNSIGNED,
  template_id    INT(10) UNSIGNED,
  process_note   MEDIUMINT,
  process_status VARCHAR(20) DEFAULT 'unresolved',
  PRIMARY KEY (id),
  INDEX endpoint (endpoint, strategy_id, template_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8;

-- status: 0 problem, 1 ok.
CREATE TABLE IF NOT EXISTS alarms.events (
  id           INT(10) NOT NULL AUTO_INCREMENT,
  event_caseId VARCHAR(50),
  step         INT(10) UNSIGNED,
  cond         VARCHAR(200) NOT NULL,
  status       INT(3) UNSIGNED DEFAULT 0,
  `timestamp`  TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  INDEX event_caseId (event_caseId),
  FOREIGN KEY (event_caseId) REFERENCES alarms.event_cases (id) ON DELETE CASCADE ON UPDATE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8;

CREATE TABLE IF NOT EXISTS alarms.event_note (
  id           MEDIUMINT NOT NULL AUTO_INCREMENT,
  event_caseId VARCHAR(50),
  note         VARCHAR(300),
  case_id      VARCHAR(20),
  status       VARCHAR(15),
  `timestamp`  TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  user_id      INT(10) UNSIGNED,
  PRIMARY KEY (id),
  INDEX event_caseId (event_caseId),
  FOREIGN KEY (event_caseId) REFERENCES alarms.event_cases (id) ON DELETE CASCADE ON UPDATE CASCADE,
  FOREIGN KEY (user_id) REFERENCES uic.`user` (id) ON DELETE CASCADE ON UPDATE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8;
