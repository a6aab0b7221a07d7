-- a view of a query has its key beside AS
CREATE TABLE latest (PRIMARY KEY (user_id) NOT ENFORCED) WITH ('connector' = 'view')
AS SELECT user_id, url, ts FROM clicks;
SHOW CREATE TABLE latest

-- columns are calculated of those of the query
CREATE TABLE bigger (twice AS quantity * 2, WATERMARK FOR ts AS ts) WITH ('connector' = 'http')
AS SELECT quantity, ts FROM clicks;
SHOW CREATE TABLE bigger

-- rows that end are appended to the stream that is made
CREATE TABLE few WITH ('connector' = 'http') AS SELECT * FROM (VALUES ('a', 1), ('b', 2)) AS t (k, n)

-- a view is dropped when its job is stopped
CREATE TABLE latest (PRIMARY KEY (user_id) NOT ENFORCED) WITH ('connector' = 'view')
AS SELECT user_id, url FROM clicks;
STOP JOB 'insert-into-latest';
DROP TABLE latest

-- a view gains columns while a job fills it
INSERT INTO per_user SELECT user_id, COUNT(*), SUM(price) FROM clicks GROUP BY user_id;
ALTER TABLE per_user ADD (note STRING, is_loyal AS clicks > 10);
DESCRIBE per_user

-- a stream whose table gets another name
ALTER TABLE archive RENAME TO attic;
SHOW CREATE TABLE attic
