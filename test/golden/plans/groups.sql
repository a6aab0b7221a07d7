-- DISTINCT
EXPLAIN SELECT DISTINCT country FROM clicks

-- DISTINCT of an expression, with a filter above
EXPLAIN SELECT c FROM (SELECT DISTINCT UPPER(country) AS c FROM clicks) WHERE c <> 'US'

-- GROUP BY
EXPLAIN SELECT user_id, COUNT(*) AS clicks, SUM(price) AS revenue FROM clicks GROUP BY user_id

-- GROUP BY an expression
EXPLAIN SELECT UPPER(country) AS c, MAX(price) FROM clicks GROUP BY UPPER(country)

-- without GROUP BY all rows are one group
EXPLAIN SELECT COUNT(*), AVG(quantity) FROM clicks

-- FILTER and DISTINCT in aggregates
EXPLAIN SELECT user_id, COUNT(DISTINCT url) AS pages, COUNT(*) FILTER (WHERE is_bot) AS bots FROM clicks GROUP BY user_id

-- the same aggregate twice is calculated once
EXPLAIN SELECT country, SUM(quantity), SUM(quantity) / COUNT(*) FROM clicks GROUP BY country HAVING SUM(quantity) > 10

-- HAVING about the key goes below the groups
EXPLAIN SELECT country, COUNT(*) FROM clicks GROUP BY country HAVING country <> 'US' AND COUNT(*) > 1

-- a condition about an aggregate stays above it
EXPLAIN SELECT * FROM (SELECT user_id, COUNT(*) AS n FROM clicks GROUP BY user_id) WHERE n > 3 AND user_id LIKE 'a%'

-- GROUPING SETS
EXPLAIN SELECT country, user_id, GROUPING(country) AS g, COUNT(*) FROM clicks GROUP BY GROUPING SETS ((country, user_id), (country), ())

-- ROLLUP
EXPLAIN SELECT country, user_id, SUM(quantity) FROM clicks GROUP BY ROLLUP (country, user_id)

-- CUBE
EXPLAIN SELECT country, is_bot, GROUPING_ID(country, is_bot) AS id, SUM(quantity) FROM clicks GROUP BY CUBE (country, is_bot)

-- groups of groups take rows back
EXPLAIN SELECT n, COUNT(*) AS users FROM (SELECT user_id, COUNT(*) AS n FROM clicks GROUP BY user_id) GROUP BY n

-- groups by the same key are where they are
EXPLAIN SELECT user_id, MAX(n) FROM (SELECT user_id, url, COUNT(*) AS n FROM clicks GROUP BY user_id, url) GROUP BY user_id

-- groups of groups by the very same key need no exchange
EXPLAIN SELECT user_id, SUM(n) AS total FROM (SELECT user_id, COUNT(*) AS n FROM clicks GROUP BY user_id) GROUP BY user_id

-- an aggregate that nobody reads
EXPLAIN SELECT user_id, n FROM (SELECT user_id, COUNT(*) AS n, SUM(price) AS unread FROM clicks GROUP BY user_id)

-- groups of a stream that lies by their key
EXPLAIN SELECT customer, COUNT(*) FROM orders GROUP BY customer

-- STATE_TTL
EXPLAIN SELECT /*+ STATE_TTL('clicks' = '1 d') */ user_id, COUNT(*) FROM clicks GROUP BY user_id

-- the session's state time
SET 'table.exec.state.ttl' = '2 h'; EXPLAIN SELECT DISTINCT user_id FROM clicks

-- changes of a frame are folded
SET 'table.exec.mini-batch.enabled' = 'true'; EXPLAIN SELECT user_id, COUNT(*) FROM clicks GROUP BY user_id

-- a view with aggregates
EXPLAIN SELECT who FROM spenders WHERE spent > 100

-- LIMIT of rows that change
EXPLAIN SELECT user_id, COUNT(*) AS n FROM clicks GROUP BY user_id LIMIT 3

-- parallelism that the session says
SET 'parallelism.default' = '3'; EXPLAIN SELECT user_id, COUNT(*) FROM clicks GROUP BY user_id

-- what several aggregates are of is calculated once
EXPLAIN SELECT user_id, SUM(price * quantity), AVG(price * quantity), COUNT(*) FILTER (WHERE price * quantity > 10)
FROM clicks GROUP BY user_id

-- groups by more than a stream lies by
EXPLAIN SELECT placed, customer, COUNT(*) FROM orders GROUP BY placed, customer

-- groups behind an exchange stay where rows came by less
EXPLAIN SELECT user_id, url, n, COUNT(*) FROM (SELECT user_id, url, COUNT(*) AS n FROM clicks GROUP BY user_id, url) GROUP BY user_id, url, n

-- what is done in shards is done there, whatever parallelism stages behind an exchange have
SET 'parallelism.default' = '3'; EXPLAIN SELECT customer, COUNT(*) FROM orders GROUP BY customer

-- two phases
SET 'table.exec.mini-batch.enabled' = 'true'; SET 'table.optimizer.agg-phase-strategy' = 'TWO_PHASE';
EXPLAIN SELECT country, COUNT(DISTINCT url) AS pages, SUM(price) AS revenue FROM clicks GROUP BY country

-- one phase, because the session says so
SET 'table.exec.mini-batch.enabled' = 'true'; SET 'table.optimizer.agg-phase-strategy' = 'ONE_PHASE';
EXPLAIN SELECT country, COUNT(*) FROM clicks GROUP BY country

-- one phase, because fractions are rounded in the order in which they are added
SET 'table.exec.mini-batch.enabled' = 'true'; EXPLAIN SELECT sensor, AVG(degrees) FROM readings GROUP BY sensor

-- one phase, because rows are where they belong
SET 'table.exec.mini-batch.enabled' = 'true'; EXPLAIN SELECT customer, COUNT(*) FROM orders GROUP BY customer

-- split distinct
SET 'table.optimizer.distinct-agg.split.enabled' = 'true'; SET 'table.optimizer.distinct-agg.split.bucket-num' = '16';
EXPLAIN SELECT country, COUNT(DISTINCT user_id) AS users, AVG(quantity) AS q, COUNT(*) FILTER (WHERE is_bot) AS bots FROM clicks GROUP BY country

-- split distinct in two phases, without a key
SET 'table.exec.mini-batch.enabled' = 'true'; SET 'table.optimizer.distinct-agg.split.enabled' = 'true';
EXPLAIN SELECT COUNT(DISTINCT user_id) AS users FROM clicks

-- distinct values of two columns are not split
SET 'table.optimizer.distinct-agg.split.enabled' = 'true';
EXPLAIN SELECT country, COUNT(DISTINCT user_id), COUNT(DISTINCT url) FROM clicks GROUP BY country
