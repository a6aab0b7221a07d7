-- a column that is not grouped by
SELECT user_id, url, COUNT(*) FROM clicks GROUP BY user_id

-- a column beside an aggregate
SELECT user_id, COUNT(*) FROM clicks

-- an aggregate in WHERE
SELECT user_id FROM clicks WHERE COUNT(*) > 1 GROUP BY user_id

-- an aggregate in an aggregate
SELECT SUM(COUNT(*)) FROM clicks

-- an aggregate in GROUP BY
SELECT COUNT(*) FROM clicks GROUP BY COUNT(*)

-- HAVING of what is no truth
SELECT user_id FROM clicks GROUP BY user_id HAVING COUNT(*)

-- COUNT of nothing
SELECT COUNT() FROM clicks

-- SUM of text
SELECT SUM(user_id) FROM clicks

-- FILTER on what is no aggregate
SELECT UPPER(user_id) FILTER (WHERE is_bot) FROM clicks

-- DISTINCT in what is no aggregate
SELECT UPPER(DISTINCT user_id) FROM clicks

-- ORDER BY within an aggregate
SELECT LISTAGG(url ORDER BY ts) FROM clicks

-- GROUPING of what is not grouped by
SELECT GROUPING(url), COUNT(*) FROM clicks GROUP BY ROLLUP (user_id)

-- GROUP BY a number
SELECT user_id, COUNT(*) FROM clicks GROUP BY 1

-- ORDER BY a column that is not there
SELECT user_id FROM clicks ORDER BY 3

-- ORDER BY what DISTINCT left out
SELECT DISTINCT user_id FROM clicks ORDER BY quantity + 1

-- sides of UNION with different columns
SELECT user_id FROM clicks UNION ALL SELECT customer, amount FROM orders

-- sides of UNION with different types
SELECT ts FROM clicks UNION ALL SELECT amount FROM orders

-- LIMIT of what is no number
SELECT user_id FROM clicks LIMIT 1.5

-- STATE_TTL that is no duration
SELECT /*+ STATE_TTL('clicks' = 'a day') */ user_id, COUNT(*) FROM clicks GROUP BY user_id

-- a join of tables
SELECT * FROM clicks JOIN orders ON user_id = customer

-- a condition on UNNEST
SELECT * FROM clicks LEFT JOIN UNNEST(SPLIT(url, '/')) AS w (word) ON word <> ''

-- QUALIFY
SELECT user_id FROM clicks QUALIFY quantity > 1
