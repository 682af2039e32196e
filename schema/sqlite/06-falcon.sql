-- Our own tables, beside Open-Falcon's. Times are unix seconds.

-- Events waiting for alarm when no Redis is used; queue is the name of the list, for example event:p0.
CREATE TABLE IF NOT EXISTS falcon_event_queue (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  queue    VARCHAR(64) NOT NULL,
  producer VARCHAR(128) NOT NULL,
  sequence INTEGER NOT NULL,
  event    TEXT NOT NULL,
  created  INTEGER NOT NULL
);

CREATE UNIQUE INDEX IF NOT EXISTS idx_producer_sequence ON falcon_event_queue (producer, sequence);

CREATE INDEX IF NOT EXISTS idx_queue ON falcon_event_queue (queue, id);

-- The highest sequence each producer has put on the queue.
CREATE TABLE IF NOT EXISTS falcon_queue_producer (
  producer VARCHAR(128) PRIMARY KEY NOT NULL,
  sequence INTEGER NOT NULL
);

-- Default contents that were put in once; what somebody deleted afterwards stays deleted.
CREATE TABLE IF NOT EXISTS falcon_seed (
  name    VARCHAR(64) PRIMARY KEY NOT NULL,
  applied INTEGER NOT NULL
);
