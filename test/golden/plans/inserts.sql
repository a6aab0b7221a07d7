-- INSERT of groups into a view by its key
EXPLAIN INSERT INTO per_user SELECT user_id, COUNT(*), SUM(price) FROM clicks GROUP BY user_id

-- INSERT with a column list
EXPLAIN INSERT INTO archive (clicks, user_id) SELECT quantity, user_id FROM clicks

-- INSERT with a partition
EXPLAIN INSERT INTO archive PARTITION (note = 'old') SELECT user_id, quantity FROM clicks

-- INSERT with ON CONFLICT
EXPLAIN INSERT INTO per_user SELECT MAX(user_id), COUNT(*), SUM(price) FROM clicks GROUP BY url ON CONFLICT DO DEDUPLICATE

-- INSERT of rows that do not change into a view
EXPLAIN INSERT INTO per_user SELECT user_id, quantity, price FROM clicks

-- INSERT that casts
EXPLAIN INSERT INTO nowhere SELECT country, quantity FROM clicks

-- INSERT of changes into a table that drops them
EXPLAIN INSERT INTO nowhere SELECT country, COUNT(*) FROM clicks GROUP BY country

-- what a table demands: lengths and NOT NULL
SET 'table.exec.sink.type-length-enforcer' = 'TRIM_PAD'; SET 'table.exec.sink.not-null-enforcer' = 'DROP'; EXPLAIN INSERT INTO short_names SELECT country, quantity FROM clicks

-- INSERT of windows into a stream
EXPLAIN INSERT INTO archive SELECT user_id, COUNT(*), CAST(TUMBLE_START(ts, INTERVAL '5' MINUTE) AS STRING) FROM clicks GROUP BY user_id, TUMBLE(ts, INTERVAL '5' MINUTE)

-- a statement set reads its table once
EXPLAIN STATEMENT SET BEGIN INSERT INTO nowhere SELECT user_id, COUNT(*) FROM clicks GROUP BY user_id; INSERT INTO per_user SELECT user_id, COUNT(*), SUM(price) FROM clicks WHERE NOT is_bot GROUP BY user_id; END

-- a changelog as the source
CREATE TABLE changes (id INT, name STRING, amount BIGINT, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'http'); EXPLAIN INSERT INTO nowhere SELECT name, SUM(amount) FROM changes GROUP BY name

-- INSERT of a table whose columns go by other names
EXPLAIN INSERT INTO archive SELECT who AS a, n AS b, what AS c FROM archive AS t (who, n, what) WHERE n > 1

-- a table of a query is planned as its INSERT
EXPLAIN CREATE TABLE latest (PRIMARY KEY (user_id) NOT ENFORCED) WITH ('connector' = 'view')
AS SELECT user_id, url FROM clicks

-- a materialized table is planned as its INSERT
EXPLAIN CREATE MATERIALIZED TABLE m AS SELECT user_id, COUNT(*) AS clicks FROM clicks GROUP BY user_id

-- state that has a time to live needs no advice
SET 'table.exec.state.ttl' = '7 d';
EXPLAIN CREATE MATERIALIZED TABLE m WITH ('retention' = '7 d') AS
SELECT user_id, COUNT(*) AS clicks FROM clicks GROUP BY user_id

-- a view in the shards of the stream that lies by its key
CREATE TABLE per_customer (latest STRING, customer STRING, PRIMARY KEY (customer) NOT ENFORCED) WITH ('connector' = 'view', 'retention' = 'forever');
EXPLAIN INSERT INTO per_customer SELECT LISTAGG(tags), customer FROM orders WHERE customer IS NOT NULL GROUP BY customer
