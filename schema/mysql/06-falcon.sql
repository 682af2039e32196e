-- Our own tables, beside Open-Falcon's. Times are unix seconds.

-- Events waiting for alarm when no Redis is used; queue is the name of the list, for example event:p0.
CREATE TABLE IF NOT EXISTS falcon_portal.falcon_event_queue (
  id       BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  queue    VARCHAR(64)     NOT NULL,
  producer VARCHAR(128)    NOT NULL,
  sequence BIGINT UNSIGNED NOT NULL,
  event    MEDIUMTEXT      NOT NULL,
  created  INT UNSIGNED    NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY idx_producer_sequence (producer, sequence),
  KEY idx_queue (queue, id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- The highest sequence each producer has put on the queue.
CREATE TABLE IF NOT EXISTS falcon_portal.falcon_queue_producer (
  producer VARCHAR(128)    NOT NULL,
  sequence BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (producer)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- Default contents that were put in once; what somebody deleted afterwards stays deleted.
CREATE TABLE IF NOT EXISTS falcon_portal.falcon_seed (
  name    VARCHAR(64)  NOT NULL,
  applied INT UNSIGNED NOT NULL,
  PRIMARY KEY (name)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
