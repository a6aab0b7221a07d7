-- TUMBLE
EXPLAIN SELECT user_id, window_start, window_end, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '5' MINUTE)) GROUP BY user_id, window_start, window_end

-- TUMBLE with an offset, all users
EXPLAIN SELECT window_start, window_end, SUM(price) AS revenue FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '1' DAY, INTERVAL '8' HOUR)) GROUP BY window_start, window_end

-- HOP with named arguments
EXPLAIN SELECT country, window_end, COUNT(*) AS n FROM TABLE(HOP(DATA => TABLE clicks, TIMECOL => DESCRIPTOR(ts), SLIDE => INTERVAL '1' MINUTE, SIZE => INTERVAL '10' MINUTE)) GROUP BY window_start, window_end, country

-- CUMULATE
EXPLAIN SELECT window_end, COUNT(DISTINCT user_id) AS users FROM TABLE(CUMULATE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '1' HOUR, INTERVAL '1' DAY)) GROUP BY window_start, window_end

-- SESSION of each user
EXPLAIN SELECT user_id, window_start, window_end, COUNT(*) AS n FROM TABLE(SESSION(TABLE clicks PARTITION BY user_id, DESCRIPTOR(ts), INTERVAL '30' MINUTE)) GROUP BY user_id, window_start, window_end

-- a session's rows, not grouped
EXPLAIN SELECT user_id, url, window_start FROM TABLE(SESSION(TABLE clicks PARTITION BY user_id, DESCRIPTOR(ts), INTERVAL '30' MINUTE))

-- rows with their window
EXPLAIN SELECT user_id, window_start FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '5' MINUTE)) WHERE quantity > 1

-- a filter goes below the window, one about the window does not
EXPLAIN SELECT user_id, window_start, window_end, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '5' MINUTE)) WHERE NOT is_bot AND window_start > TIMESTAMP '2026-01-01 00:00:00' GROUP BY user_id, window_start, window_end

-- a key that is calculated, and a filter on the groups
EXPLAIN SELECT UPPER(country) AS c, window_end, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '5' MINUTE)) GROUP BY window_start, window_end, UPPER(country) HAVING COUNT(*) > 2

-- window_time goes on as event time: cascading windows
EXPLAIN SELECT window_start, window_end, SUM(n) AS n FROM TABLE(TUMBLE((SELECT window_time AS rowtime, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '5' MINUTE)) GROUP BY window_start, window_end, window_time), DESCRIPTOR(rowtime), INTERVAL '1' HOUR)) GROUP BY window_start, window_end

-- groups of the same window again
EXPLAIN SELECT window_start, window_end, MAX(n) AS most FROM (SELECT user_id, window_start, window_end, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '5' MINUTE)) GROUP BY user_id, window_start, window_end) GROUP BY window_start, window_end

-- a window whose bounds are aggregated
EXPLAIN SELECT user_id, MIN(window_start) AS first_start FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '5' MINUTE)) GROUP BY user_id

-- GROUPING SETS over a window
EXPLAIN SELECT window_start, window_end, country, user_id, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '5' MINUTE)) GROUP BY window_start, window_end, GROUPING SETS ((country), (user_id))

-- windows of processing time
EXPLAIN SELECT customer, window_end, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(seen), INTERVAL '10' SECOND)) GROUP BY customer, window_start, window_end

-- windows of an instant
EXPLAIN SELECT sensor, window_start, window_time, AVG(degrees) AS mean FROM TABLE(TUMBLE(TABLE readings, DESCRIPTOR(at_time), INTERVAL '1' DAY)) GROUP BY sensor, window_start, window_end, window_time

-- a watermark over a computed column
EXPLAIN SELECT window_end, SUM(total) AS total FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(placed_at), INTERVAL '1' HOUR)) GROUP BY window_start, window_end

-- windows over UNION ALL, which keeps the time
EXPLAIN SELECT window_end, COUNT(*) AS n FROM TABLE(TUMBLE((SELECT ts FROM clicks UNION ALL SELECT ts FROM paid), DESCRIPTOR(ts), INTERVAL '1' HOUR)) GROUP BY window_start, window_end

-- legacy TUMBLE with all its functions
EXPLAIN SELECT user_id, COUNT(*) AS clicks, TUMBLE_START(ts, INTERVAL '5' MINUTE), TUMBLE_END(ts, INTERVAL '5' MINUTE), TUMBLE_ROWTIME(ts, INTERVAL '5' MINUTE) FROM clicks GROUP BY user_id, TUMBLE(ts, INTERVAL '5' MINUTE)

-- legacy HOP of processing time
EXPLAIN SELECT HOP_PROCTIME(seen, INTERVAL '1' MINUTE, INTERVAL '5' MINUTE) AS fired, SUM(amount) FROM orders GROUP BY HOP(seen, INTERVAL '1' MINUTE, INTERVAL '5' MINUTE)

-- legacy SESSION
EXPLAIN SELECT user_id, SESSION_START(ts, INTERVAL '10' MINUTE) AS began, SESSION_END(ts, INTERVAL '10' MINUTE) AS ended FROM clicks GROUP BY SESSION(ts, INTERVAL '10' MINUTE), user_id

-- legacy windows that follow each other
EXPLAIN SELECT TUMBLE_END(t, INTERVAL '1' HOUR) AS ended, SUM(n) FROM (SELECT TUMBLE_ROWTIME(ts, INTERVAL '5' MINUTE) AS t, COUNT(*) AS n FROM clicks GROUP BY TUMBLE(ts, INTERVAL '5' MINUTE)) GROUP BY TUMBLE(t, INTERVAL '1' HOUR)

-- HAVING over a legacy window
EXPLAIN SELECT country, COUNT(*) FROM clicks GROUP BY country, TUMBLE(ts, INTERVAL '5' MINUTE) HAVING COUNT(*) > 5 AND country <> 'US'
