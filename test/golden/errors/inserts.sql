-- fewer columns than the table has
INSERT INTO archive SELECT user_id, 1 FROM clicks

-- more columns than are listed
INSERT INTO archive (user_id) SELECT user_id, 1 FROM clicks

-- a listed column that is not there
INSERT INTO archive (user, clicks) SELECT user_id, 1 FROM clicks

-- a column listed twice
INSERT INTO archive (user_id, user_id, clicks) SELECT user_id, url, 1 FROM clicks

-- a NOT NULL column that nothing is written to
INSERT INTO archive (user_id) SELECT user_id FROM clicks

-- a type that does not fit
INSERT INTO archive SELECT user_id, url, country FROM clicks

-- changes into a stream
INSERT INTO archive SELECT user_id, COUNT(*), 'x' FROM clicks GROUP BY user_id

-- rows with another key than the table's
INSERT INTO per_user SELECT MAX(user_id), COUNT(*), SUM(price) FROM clicks GROUP BY url

-- ON CONFLICT into a table without a key
INSERT INTO nowhere SELECT user_id, 1 FROM clicks ON CONFLICT DO NOTHING

-- a partition column that is not there
INSERT INTO archive PARTITION (year = 2026) SELECT user_id, 1, url FROM clicks

-- INSERT OVERWRITE into a stream
INSERT OVERWRITE archive SELECT user_id, 1, url FROM clicks

-- a view without a key
CREATE TABLE keyless (a STRING) WITH ('connector' = 'view'); INSERT INTO keyless SELECT user_id FROM clicks

-- ORDER BY what is no time, continuously
INSERT INTO nowhere SELECT user_id, quantity FROM clicks ORDER BY quantity

-- ORDER BY with LIMIT, continuously
INSERT INTO nowhere SELECT user_id, quantity FROM clicks ORDER BY quantity LIMIT 3

-- LIMIT of many rows that change
INSERT INTO nowhere SELECT user_id, n FROM (SELECT user_id, COUNT(*) AS n FROM clicks GROUP BY user_id) LIMIT 20000

-- VALUES into a table
INSERT INTO nowhere VALUES ('a', 1)

-- EXPLAIN of what does nothing
EXPLAIN DROP TABLE clicks
