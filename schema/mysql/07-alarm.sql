-- What alarm keeps: events, cases, notices and how they were delivered. Times are unix milliseconds.

-- Which alarm process has taken which event from the queue, and until when nobody else may.
CREATE TABLE IF NOT EXISTS falcon_portal.falcon_event_taken (
  event      BIGINT UNSIGNED NOT NULL,
  consumer   VARCHAR(128) NOT NULL,
  held_until BIGINT NOT NULL,
  PRIMARY KEY (event),
  KEY idx_taken_until (held_until),
  KEY idx_taken_consumer (consumer)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- Events that were recorded, each once, however often the queue hands it out. An OK tells how many seconds the problem lasted and its worst value.
CREATE TABLE IF NOT EXISTS falcon_portal.falcon_alarm_event (
  event_key   VARCHAR(160) NOT NULL,
  case_id     VARCHAR(50) NOT NULL,
  batch       VARCHAR(36) NOT NULL,
  queue       VARCHAR(64) NOT NULL,
  event       MEDIUMTEXT NOT NULL,
  lasted      BIGINT NOT NULL,
  worst       DOUBLE NOT NULL,
  taken       BIGINT NOT NULL,
  PRIMARY KEY (event_key),
  KEY idx_alarm_event_case (case_id),
  KEY idx_alarm_event_batch (batch),
  KEY idx_alarm_event_taken (taken)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- What was on the queue and is no event, kept for a look.
CREATE TABLE IF NOT EXISTS falcon_portal.falcon_dead_event (
  event_key   VARCHAR(32) NOT NULL,
  queue       VARCHAR(64) NOT NULL,
  event       MEDIUMTEXT NOT NULL,
  reason      VARCHAR(255) NOT NULL,
  taken       BIGINT NOT NULL,
  PRIMARY KEY (event_key),
  KEY idx_dead_event_taken (taken)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- What alarm knows of a case beside event_cases. opened is 0 while the case is closed; worst is the value furthest on the bad side.
CREATE TABLE IF NOT EXISTS falcon_portal.falcon_case (
  case_id           VARCHAR(50) NOT NULL,
  opened            BIGINT NOT NULL,
  seen              BIGINT NOT NULL,
  worst             DOUBLE NOT NULL,
  action_id         BIGINT NOT NULL,
  event_key         VARCHAR(160) NOT NULL,
  acknowledged      BIGINT NOT NULL,
  acknowledged_by   VARCHAR(64) NOT NULL,
  reminded          BIGINT NOT NULL,
  escalated         BIGINT NOT NULL,
  PRIMARY KEY (case_id),
  KEY idx_case_opened (opened)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- Who is told what: a person, a channel, an event. message_id is empty while it waits and when nothing is sent.
CREATE TABLE IF NOT EXISTS falcon_portal.falcon_notice (
  id           BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  notice_key   VARCHAR(32) NOT NULL,
  kind         VARCHAR(20) NOT NULL,
  event_key    VARCHAR(160) NOT NULL,
  case_id      VARCHAR(50) NOT NULL,
  endpoint     VARCHAR(255) NOT NULL,
  metric       VARCHAR(512) NOT NULL,
  priority     BIGINT NOT NULL,
  status       VARCHAR(20) NOT NULL,
  event_time   BIGINT NOT NULL,
  person       VARCHAR(64) NOT NULL,
  channel      VARCHAR(64) NOT NULL,
  address      VARCHAR(255) NOT NULL,
  state        VARCHAR(20) NOT NULL,
  merge_key    VARCHAR(32) NOT NULL,
  due          BIGINT NOT NULL,
  message_id   VARCHAR(32) NOT NULL,
  created      BIGINT NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY idx_notice_key (notice_key),
  KEY idx_notice_due (state, due),
  KEY idx_notice_merge (merge_key, state),
  KEY idx_notice_case (case_id, created),
  KEY idx_notice_person (person, created),
  KEY idx_notice_message (message_id),
  KEY idx_notice_created (created)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- What is handed to a provider, once: a text for one or more receivers. claim is whose turn it is to try, until claimed.
CREATE TABLE IF NOT EXISTS falcon_portal.falcon_message (
  id          VARCHAR(32) NOT NULL,
  kind        VARCHAR(20) NOT NULL,
  channel     VARCHAR(64) NOT NULL,
  receivers   MEDIUMTEXT NOT NULL,
  subject     MEDIUMTEXT NOT NULL,
  content     MEDIUMTEXT NOT NULL,
  event_key   VARCHAR(160) NOT NULL,
  merge_key   VARCHAR(32) NOT NULL,
  state       VARCHAR(20) NOT NULL,
  due         BIGINT NOT NULL,
  tries       BIGINT NOT NULL,
  claim       VARCHAR(64) NOT NULL,
  claimed     BIGINT NOT NULL,
  failure     VARCHAR(500) NOT NULL,
  created     BIGINT NOT NULL,
  finished    BIGINT NOT NULL,
  PRIMARY KEY (id),
  KEY idx_message_due (channel, state, due, id),
  KEY idx_message_claim (claim),
  KEY idx_message_merge (merge_key, created),
  KEY idx_message_state (state, created),
  KEY idx_message_created (created)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- Each attempt to hand over a message and what came of it.
CREATE TABLE IF NOT EXISTS falcon_portal.falcon_try (
  id           BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  message_id   VARCHAR(32) NOT NULL,
  started      BIGINT NOT NULL,
  took_ms      BIGINT NOT NULL,
  outcome      VARCHAR(20) NOT NULL,
  detail       VARCHAR(500) NOT NULL,
  PRIMARY KEY (id),
  KEY idx_try_message (message_id),
  KEY idx_try_started (started)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- Whose events nobody is told of, from starts to ends. matchers is a list of conditions, as JSON.
CREATE TABLE IF NOT EXISTS falcon_portal.falcon_silence (
  id         BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  matchers   MEDIUMTEXT NOT NULL,
  starts     BIGINT NOT NULL,
  ends       BIGINT NOT NULL,
  creator    VARCHAR(64) NOT NULL,
  reason     VARCHAR(255) NOT NULL,
  created    BIGINT NOT NULL,
  PRIMARY KEY (id),
  KEY idx_silence_ends (ends)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
