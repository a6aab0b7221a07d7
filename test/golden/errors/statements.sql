-- rows that end are not for a view
INSERT INTO per_user VALUES ('ann', 1, 2.50)

-- rows that end are not for what keeps none
INSERT INTO nowhere VALUES ('ann', 1)

-- a null is appended where none may be
INSERT INTO archive VALUES ('ann', CAST(NULL AS BIGINT), 'a')

-- a query that ends and one that does not are no job
EXECUTE STATEMENT SET BEGIN
  INSERT INTO archive VALUES ('ann', 1, 'a');
  INSERT INTO archive SELECT user_id, 1, url FROM clicks;
END

-- the rows of a materialized table are known by nothing
CREATE MATERIALIZED TABLE m AS SELECT user_id, url FROM clicks

-- a materialized table has one row
CREATE MATERIALIZED TABLE m AS SELECT COUNT(*) AS clicks FROM clicks

-- a materialized table ends
CREATE MATERIALIZED TABLE m (PRIMARY KEY (k) NOT ENFORCED) AS SELECT k FROM (VALUES ('a')) AS t (k)

-- a materialized table is made by refreshing it
CREATE MATERIALIZED TABLE m REFRESH_MODE = FULL AS SELECT DISTINCT user_id FROM clicks

-- a materialized table begins now
CREATE MATERIALIZED TABLE m START_MODE = FROM_NOW AS SELECT DISTINCT user_id FROM clicks

-- a materialized table is no stream
CREATE MATERIALIZED TABLE m WITH ('connector' = 'http') AS SELECT DISTINCT user_id FROM clicks

-- a materialized table has columns of its own
CREATE MATERIALIZED TABLE m (k) AS SELECT DISTINCT user_id FROM clicks

-- a materialized table is there
CREATE MATERIALIZED TABLE m AS SELECT DISTINCT user_id FROM clicks;
CREATE OR ALTER MATERIALIZED TABLE m AS SELECT DISTINCT url FROM clicks

-- a materialized table is refreshed
CREATE MATERIALIZED TABLE m AS SELECT DISTINCT user_id FROM clicks;
ALTER MATERIALIZED TABLE m REFRESH

-- a materialized table gets another query
CREATE MATERIALIZED TABLE m AS SELECT DISTINCT user_id FROM clicks;
ALTER MATERIALIZED TABLE m AS SELECT DISTINCT url FROM clicks

-- a table is suspended
ALTER MATERIALIZED TABLE per_user SUSPEND

-- a materialized table is altered as a table
CREATE MATERIALIZED TABLE m AS SELECT DISTINCT user_id FROM clicks;
ALTER TABLE m ADD k INT

-- a materialized table is dropped as a table
CREATE MATERIALIZED TABLE m AS SELECT DISTINCT user_id FROM clicks;
DROP TABLE m

-- a table is dropped as a materialized table
DROP MATERIALIZED TABLE per_user

-- a materialized table is inserted into
CREATE MATERIALIZED TABLE m AS SELECT DISTINCT user_id FROM clicks;
INSERT INTO m SELECT user_id FROM clicks

-- a materialized table is shown as a table
CREATE MATERIALIZED TABLE m AS SELECT DISTINCT user_id FROM clicks;
SHOW CREATE TABLE m

-- a view that a job fills is dropped
INSERT INTO per_user SELECT user_id, COUNT(*), SUM(price) FROM clicks GROUP BY user_id;
DROP TABLE per_user

-- a view is filled by rows that end
CREATE TABLE v (PRIMARY KEY (k) NOT ENFORCED) WITH ('connector' = 'view')
AS SELECT * FROM (VALUES ('a', 1)) AS t (k, n)

-- a column beside AS
CREATE TABLE v (k INT) WITH ('connector' = 'http') AS SELECT user_id FROM clicks

-- a key of no column of the query
CREATE TABLE v (PRIMARY KEY (usr_id) NOT ENFORCED) WITH ('connector' = 'view') AS SELECT user_id FROM clicks

-- the worker has no such function
CREATE FUNCTION f AS 'mask_mail'

-- a function in another language
CREATE FUNCTION f AS 'com.example.Mask' LANGUAGE JAVA

-- a function with the name of one that is built in
CREATE FUNCTION upper AS 'mask_email'

-- a function is there
CREATE FUNCTION f AS 'mask_email';
CREATE FUNCTION F AS 'words'

-- a function takes other arguments
CREATE FUNCTION mask AS 'mask_email';
SELECT mask(1, 'a')

-- a table function stands among values
CREATE FUNCTION words AS 'words';
SELECT words('a b')

-- an aggregate stands among conditions
CREATE FUNCTION wavg AS 'weighted_average';
SELECT user_id FROM clicks WHERE wavg(price, 1) > 1

-- a scalar function stands in FROM
CREATE FUNCTION mask AS 'mask_email';
SELECT * FROM clicks, LATERAL TABLE(mask(url))

-- a table function is joined by a condition
CREATE FUNCTION words AS 'words';
SELECT * FROM clicks JOIN LATERAL TABLE(words(url)) AS t (word, place) ON word = url

-- there is no function to drop
CREATE FUNCTION mask AS 'mask_email';
DROP FUNCTION mas

-- there is no function to describe
DESCRIBE FUNCTION mask

-- there is no function to alter
ALTER FUNCTION mask AS 'mask_email'

-- an aggregate cannot take rows back
INSERT INTO per_user
SELECT CAST(clicks AS STRING), APPROX_COUNT_DISTINCT(user_id), 0
FROM (SELECT user_id, COUNT(*) AS clicks FROM clicks GROUP BY user_id) GROUP BY clicks

-- a view is overwritten by what has no end
INSERT OVERWRITE per_user SELECT user_id, COUNT(*), SUM(price) FROM clicks GROUP BY user_id

-- an aggregate that is not merged is of windows that are
CREATE FUNCTION changes AS 'changes';
INSERT INTO nowhere SELECT user_id, CAST(changes(url) AS BIGINT)
FROM TABLE(HOP(TABLE clicks, DESCRIPTOR(ts), INTERVAL '1' MINUTE, INTERVAL '2' MINUTE))
GROUP BY user_id, window_start, window_end

-- an aggregate that is not merged is of sessions
CREATE FUNCTION changes AS 'changes';
INSERT INTO nowhere SELECT user_id, CAST(changes(url) AS BIGINT)
FROM clicks GROUP BY user_id, SESSION(ts, INTERVAL '1' MINUTE)

-- a watermark calls a function of one's own
CREATE FUNCTION mask AS 'mask_email';
CREATE TABLE mails (sent TIMESTAMP(3), WATERMARK FOR sent AS TO_TIMESTAMP(mask(CAST(sent AS STRING))))
WITH ('connector' = 'http')
