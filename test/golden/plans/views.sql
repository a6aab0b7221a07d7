-- groups of a view are merged
EXPLAIN SELECT clicks > 10 AS busy, COUNT(*) AS users, AVG(revenue) FROM per_user WHERE revenue > 0 GROUP BY clicks > 10 HAVING COUNT(*) > 1 ORDER BY busy

-- the first rows of an order over a view
EXPLAIN SELECT user_id, revenue FROM per_user WHERE clicks > 3 ORDER BY revenue DESC LIMIT 10 OFFSET 5

-- any rows of a view
EXPLAIN SELECT UPPER(user_id) AS name FROM per_user LIMIT 3

-- each side of a union of views
EXPLAIN SELECT user_id FROM per_user UNION SELECT CAST(COUNT(*) AS STRING) FROM per_user

-- what differs from time to time is evaluated once
EXPLAIN SELECT MAX(clicks) FROM per_user WHERE clicks > 2 AND revenue > RAND()

-- values have no partitions
EXPLAIN SELECT a + 1 AS b FROM (VALUES (1), (2)) AS t (a) ORDER BY a DESC
