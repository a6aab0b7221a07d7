-- all columns of a table
EXPLAIN SELECT * FROM clicks

-- a few columns: the others are not decoded
EXPLAIN SELECT user_id, quantity * 2 AS twice FROM clicks

-- no column but rows
EXPLAIN SELECT 1 AS one FROM clicks

-- a filter with constants in it
EXPLAIN SELECT user_id FROM clicks WHERE quantity > 1 + 2 * 3 AND (is_bot OR 1 = 1)

-- a filter that nothing passes
EXPLAIN SELECT user_id FROM clicks WHERE 1 = 2

-- CASE of which branches are never taken
EXPLAIN SELECT CASE WHEN 1 = 2 THEN 'never' WHEN quantity > 10 THEN 'many' ELSE UPPER('few') END AS size FROM clicks

-- queries within queries become one calc
EXPLAIN SELECT a + 1 AS b FROM (SELECT quantity + 1 AS a, url FROM clicks WHERE NOT is_bot) WHERE a > 10

-- what is volatile is calculated once
EXPLAIN SELECT a, a AS again FROM (SELECT RAND() AS a, user_id FROM clicks) WHERE user_id <> ''

-- a condition of chance is not moved
EXPLAIN SELECT user_id FROM (SELECT DISTINCT user_id FROM clicks) WHERE RAND() < 0.5

-- WITH names a query that is used once
EXPLAIN WITH big AS (SELECT user_id, quantity FROM clicks WHERE quantity > 100) SELECT user_id FROM big WHERE user_id LIKE 'a%'

-- a view is the query that it names
EXPLAIN SELECT user_id FROM paid WHERE price < 10

-- computed columns and a watermark over one
EXPLAIN SELECT id, total FROM orders WHERE total > 100

-- a computed column of processing time
EXPLAIN SELECT id, seen FROM orders

-- metadata of a session: CURRENT_WATERMARK
EXPLAIN SELECT user_id FROM clicks WHERE CURRENT_WATERMARK(ts) IS NULL OR ts > CURRENT_WATERMARK(ts)

-- UNNEST of an array, a condition on the row goes below it
EXPLAIN SELECT user_id, word FROM clicks CROSS JOIN UNNEST(SPLIT(url, '/')) AS words (word) WHERE quantity > 1 AND word <> ''

-- UNNEST with LEFT JOIN and the place of each element
EXPLAIN SELECT user_id, word, place FROM clicks LEFT JOIN UNNEST(SPLIT(url, '/')) WITH ORDINALITY AS words (word, place) ON TRUE

-- UNION ALL: a filter goes into both sides
EXPLAIN SELECT who FROM (SELECT user_id AS who, quantity AS n FROM clicks UNION ALL SELECT customer, 1 FROM orders) WHERE n > 0

-- UNION keeps each row once
EXPLAIN SELECT user_id FROM clicks UNION SELECT customer FROM orders

-- INTERSECT
EXPLAIN SELECT user_id FROM clicks INTERSECT SELECT customer FROM orders

-- EXCEPT ALL
EXPLAIN SELECT user_id FROM clicks EXCEPT ALL SELECT customer FROM orders

-- a filter over INTERSECT goes into both sides
EXPLAIN SELECT * FROM (SELECT user_id FROM clicks INTERSECT SELECT customer FROM orders) WHERE user_id > 'm'

-- ORDER BY the time
EXPLAIN SELECT user_id, ts FROM clicks ORDER BY ts

-- ORDER BY the time, then another column, with one that is not shown
EXPLAIN SELECT user_id FROM clicks ORDER BY ts, quantity DESC

-- LIMIT
EXPLAIN SELECT user_id FROM clicks LIMIT 10 OFFSET 2

-- VALUES
EXPLAIN SELECT a + 1 AS b FROM (VALUES (1, 'x'), (2 + 3, 'y')) AS t (a, c) WHERE c = 'x'

-- the same table twice is read once
EXPLAIN SELECT user_id FROM clicks WHERE quantity > 5 UNION ALL SELECT url FROM clicks WHERE is_bot

-- ORDER BY anything, where the session allows it
SET 'table.exec.sort.non-temporal.enabled' = 'true'; EXPLAIN SELECT user_id FROM clicks ORDER BY quantity

-- what stands several times is calculated once a row, but for what is volatile
EXPLAIN SELECT JSON_VALUE(url, '$.a') AS a, UPPER(JSON_VALUE(url, '$.a')) AS upper_a FROM clicks WHERE JSON_VALUE(url, '$.a') <> '' AND RAND() < 0.5 AND RAND() < 0.7
