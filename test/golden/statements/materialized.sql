-- the key is that of the groups
CREATE MATERIALIZED TABLE m AS SELECT user_id, COUNT(*) AS clicks FROM clicks GROUP BY user_id;
DESCRIBE m

-- the key is that of groups and windows
CREATE MATERIALIZED TABLE m AS
SELECT window_end, country, SUM(price) AS revenue
FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '1' HOUR)) GROUP BY window_start, window_end, country;
DESCRIBE m

-- the start of what cumulates tells nothing
CREATE MATERIALIZED TABLE m AS
SELECT window_start, window_end, COUNT(*) AS clicks
FROM TABLE(CUMULATE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '1' HOUR, INTERVAL '1' DAY))
GROUP BY window_start, window_end;
DESCRIBE m

-- the key is that of a window in GROUP BY
CREATE MATERIALIZED TABLE m AS
SELECT TUMBLE_START(ts, INTERVAL '1' MINUTE) AS started, user_id, COUNT(*) AS clicks
FROM clicks GROUP BY TUMBLE(ts, INTERVAL '1' MINUTE), user_id;
DESCRIBE m

-- windows of windows have their own key
CREATE MATERIALIZED TABLE m AS
SELECT window_start, window_end, MAX(clicks) AS most FROM (
  SELECT user_id, window_start, window_end, COUNT(*) AS clicks
  FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) GROUP BY user_id, window_start, window_end
) GROUP BY window_start, window_end;
DESCRIBE m

-- the key is given
CREATE MATERIALIZED TABLE m (PRIMARY KEY (user_id) NOT ENFORCED) AS SELECT user_id, url FROM clicks;
DESCRIBE m

-- it is told how it was made
CREATE MATERIALIZED TABLE m COMMENT 'it''s' WITH ('retention' = '1 d') FRESHNESS = INTERVAL '3' MINUTE
AS SELECT DISTINCT user_id FROM clicks;
SHOW CREATE MATERIALIZED TABLE m

-- it has a job
CREATE MATERIALIZED TABLE m AS SELECT DISTINCT user_id FROM clicks

-- the job is in the list
CREATE MATERIALIZED TABLE m AS SELECT DISTINCT user_id FROM clicks;
SHOW JOBS

-- it is suspended
CREATE MATERIALIZED TABLE m AS SELECT DISTINCT user_id FROM clicks;
ALTER MATERIALIZED TABLE m SUSPEND;
SHOW JOBS

-- it is resumed
CREATE MATERIALIZED TABLE m AS SELECT DISTINCT user_id FROM clicks;
ALTER MATERIALIZED TABLE m SUSPEND;
ALTER MATERIALIZED TABLE m RESUME;
SHOW JOBS

-- its freshness is changed
CREATE MATERIALIZED TABLE m AS SELECT DISTINCT user_id FROM clicks;
ALTER MATERIALIZED TABLE m SET FRESHNESS = INTERVAL '1' HOUR;
SHOW CREATE MATERIALIZED TABLE m

-- it is continuous, and may be told to be
CREATE MATERIALIZED TABLE m REFRESH_MODE = CONTINUOUS AS SELECT DISTINCT user_id FROM clicks;
ALTER MATERIALIZED TABLE m SET REFRESH_MODE = CONTINUOUS

-- they are listed
CREATE MATERIALIZED TABLE m AS SELECT DISTINCT user_id FROM clicks;
CREATE MATERIALIZED TABLE n AS SELECT DISTINCT user_id FROM clicks;
SHOW MATERIALIZED TABLES LIKE 'n'

-- one that is there is kept
CREATE MATERIALIZED TABLE m AS SELECT DISTINCT user_id FROM clicks;
CREATE MATERIALIZED TABLE IF NOT EXISTS m AS SELECT DISTINCT url FROM clicks

-- its job goes with it
CREATE MATERIALIZED TABLE m AS SELECT DISTINCT user_id FROM clicks;
DROP MATERIALIZED TABLE m;
SHOW JOBS
