-- a table that is there already
CREATE TABLE clicks (a INT) WITH ('connector' = 'http')

-- a column twice
CREATE TABLE x (a INT, a STRING) WITH ('connector' = 'http')

-- a PRIMARY KEY that would be enforced
CREATE TABLE x (a INT, PRIMARY KEY (a)) WITH ('connector' = 'http')

-- a PRIMARY KEY of a column that is not there
CREATE TABLE x (id INT, PRIMARY KEY (ids) NOT ENFORCED) WITH ('connector' = 'http')

-- two PRIMARY KEYs
CREATE TABLE x (a INT PRIMARY KEY NOT ENFORCED, b INT PRIMARY KEY NOT ENFORCED) WITH ('connector' = 'http')

-- UNIQUE
CREATE TABLE x (a INT, UNIQUE (a)) WITH ('connector' = 'http')

-- a WATERMARK for a column that is not there
CREATE TABLE x (ts TIMESTAMP(3), WATERMARK FOR tss AS tss) WITH ('connector' = 'http')

-- a WATERMARK of text
CREATE TABLE x (ts STRING, WATERMARK FOR ts AS ts) WITH ('connector' = 'http')

-- a WATERMARK whose expression is no time
CREATE TABLE x (ts TIMESTAMP(3), WATERMARK FOR ts AS 5) WITH ('connector' = 'http')

-- a WATERMARK of another column that is not there
CREATE TABLE x (ts TIMESTAMP(3), WATERMARK FOR ts AS tz - INTERVAL '5' SECOND) WITH ('connector' = 'http')

-- a computed column of what is not there
CREATE TABLE x (a INT, b AS c + 1) WITH ('connector' = 'http')

-- DISTRIBUTED BY what is not there
CREATE TABLE x (a INT) DISTRIBUTED BY (b) WITH ('connector' = 'http')

-- a stream with a type that it cannot hold
CREATE TABLE x (a ARRAY<INT>) WITH ('connector' = 'http')

-- a stream with a TIMESTAMP too fine
CREATE TABLE x (ts TIMESTAMP(9)) WITH ('connector' = 'http')

-- a stream with a DECIMAL too long
CREATE TABLE x (a DECIMAL(38, 2)) WITH ('connector' = 'http')

-- no connector
CREATE TABLE x (a INT)

-- a connector that there is not
CREATE TABLE x (a INT) WITH ('connector' = 'kafka')

-- a connector that is nearly there
CREATE TABLE x (a INT) WITH ('connector' = 'htpp')

-- an option that is nearly there
CREATE TABLE x (a INT) WITH ('connector' = 'http', 'shard' = '4')

-- an option's value that is none
CREATE TABLE x (a INT) WITH ('connector' = 'http', 'shards' = 'four')

-- an option twice
CREATE TABLE x (a INT) WITH ('connector' = 'http', 'shards' = '4', 'shards' = '5')

-- LIKE of a table that is not there
CREATE TABLE x LIKE clikcs

-- a view that is a table already
CREATE VIEW clicks AS SELECT 1 AS one

-- a view with too few names
CREATE VIEW x (a) AS SELECT user_id, url FROM clicks

-- a view over what is not there
CREATE VIEW x AS SELECT user_id FROM click

-- ALTER of a table that is not there
ALTER TABLE click ADD a INT

-- ALTER that adds a column that is there
ALTER TABLE clicks ADD url STRING

-- ALTER that drops the watermark's column
ALTER TABLE clicks DROP ts

-- ALTER that drops what a computed column uses
ALTER TABLE orders DROP amount

-- ALTER that renames what a computed column uses
ALTER TABLE orders RENAME amount TO price

-- ALTER that renames what is not there
ALTER TABLE clicks RENAME urll TO link

-- ALTER that sets an option that there is not
ALTER TABLE clicks SET ('shardz' = '3')

-- DROP of what is not there
DROP TABLE click

-- DESCRIBE of what is not there
DESCRIBE click

-- a function of one's own
CREATE FUNCTION f AS 'f'

-- a materialized table
CREATE MATERIALIZED TABLE x FRESHNESS = INTERVAL '1' MINUTE AS SELECT 1 AS one

-- datagen: a kind of values that there is not
CREATE TABLE x (x INT) WITH ('connector' = 'datagen', 'fields.x.kind' = 'sequenze')

-- datagen: a sequence without an end
CREATE TABLE x (x INT) WITH ('connector' = 'datagen', 'fields.x.kind' = 'sequence', 'fields.x.start' = '1')

-- datagen: a sequence that ends before it begins
CREATE TABLE x (x INT) WITH ('connector' = 'datagen', 'fields.x.kind' = 'sequence', 'fields.x.start' = '1', 'fields.x.end' = '0')

-- datagen: a sequence with a minimum
CREATE TABLE x (x INT) WITH ('connector' = 'datagen', 'fields.x.kind' = 'sequence', 'fields.x.start' = '1', 'fields.x.end' = '2', 'fields.x.min' = '1')

-- datagen: a minimum that the type does not hold
CREATE TABLE x (x INT) WITH ('connector' = 'datagen', 'fields.x.min' = '3000000000')

-- datagen: a maximum below the minimum
CREATE TABLE x (x INT) WITH ('connector' = 'datagen', 'fields.x.min' = '3', 'fields.x.max' = '2')

-- datagen: the length of a number
CREATE TABLE x (x INT) WITH ('connector' = 'datagen', 'fields.x.length' = '3')

-- datagen: something that a column cannot be told
CREATE TABLE x (x INT) WITH ('connector' = 'datagen', 'fields.x.minn' = '3')

-- datagen: a column that is not there
CREATE TABLE x (x INT) WITH ('connector' = 'datagen', 'fields.y.min' = '3')

-- datagen: nulls of a column that has none
CREATE TABLE x (x INT NOT NULL) WITH ('connector' = 'datagen', 'fields.x.null-rate' = '0.1')

-- datagen: a sequence of truths
CREATE TABLE x (x BOOLEAN) WITH ('connector' = 'datagen', 'fields.x.kind' = 'sequence', 'fields.x.start' = '1', 'fields.x.end' = '2')

-- datagen: a length beyond that of the type
CREATE TABLE x (x VARCHAR(5)) WITH ('connector' = 'datagen', 'fields.x.length' = '6')

-- datagen: a type whose values are not made
CREATE TABLE x (x ARRAY<INT>) WITH ('connector' = 'datagen', 'rows-per-second' = '1')

-- datagen: more rows than are made
CREATE TABLE x (x INT) WITH ('connector' = 'datagen', 'rows-per-second' = '10001')

-- datagen: rows written to it
INSERT INTO numbers SELECT 1

-- a view that a job fills becomes a stream
INSERT INTO per_user SELECT user_id, COUNT(*), SUM(price) FROM clicks GROUP BY user_id;
CREATE OR REPLACE TABLE per_user (user_id STRING) WITH ('connector' = 'http')

-- a view that a job fills is filled by another query
INSERT INTO per_user SELECT user_id, COUNT(*), SUM(price) FROM clicks GROUP BY user_id;
CREATE OR REPLACE TABLE per_user (PRIMARY KEY (url) NOT ENFORCED) WITH ('connector' = 'view')
AS SELECT url FROM clicks

-- a view that a job fills is kept for longer
INSERT INTO per_user SELECT user_id, COUNT(*), SUM(price) FROM clicks GROUP BY user_id;
ALTER TABLE per_user SET ('retention' = '2 d')

-- a view that a job fills is called otherwise
INSERT INTO per_user SELECT user_id, COUNT(*), SUM(price) FROM clicks GROUP BY user_id;
ALTER TABLE per_user RENAME TO per_customer

-- a view that a job fills loses a column
INSERT INTO per_user SELECT user_id, COUNT(*), SUM(price) FROM clicks GROUP BY user_id;
ALTER TABLE per_user DROP revenue

-- a view that a job fills has a column of another type
INSERT INTO per_user SELECT user_id, COUNT(*), SUM(price) FROM clicks GROUP BY user_id;
ALTER TABLE per_user MODIFY revenue DECIMAL(20, 2)

-- a view that a job fills gains what may not be null
INSERT INTO per_user SELECT user_id, COUNT(*), SUM(price) FROM clicks GROUP BY user_id;
ALTER TABLE per_user ADD note STRING NOT NULL

-- a view that a job fills has no key any more
INSERT INTO per_user SELECT user_id, COUNT(*), SUM(price) FROM clicks GROUP BY user_id;
ALTER TABLE per_user DROP PRIMARY KEY

-- a stream becomes a view
CREATE OR REPLACE TABLE archive (user_id STRING, PRIMARY KEY (user_id) NOT ENFORCED) WITH ('connector' = 'view')

-- a table becomes another stream
ALTER TABLE archive SET ('stream' = 'attic')

-- a table gets the name of another one
ALTER TABLE archive RENAME TO per_user

-- metadata that a stream does not have
CREATE TABLE x (a INT, t TIMESTAMP_LTZ(3) METADATA FROM 'timestmp') WITH ('connector' = 'http')

-- metadata of another type
CREATE TABLE x (a INT, `offset` INT METADATA VIRTUAL) WITH ('connector' = 'http')

-- metadata of a view
CREATE TABLE x (a INT, `offset` BIGINT METADATA VIRTUAL, PRIMARY KEY (a) NOT ENFORCED) WITH ('connector' = 'view')

-- datagen: more bytes than are made
CREATE TABLE x (x STRING) WITH ('connector' = 'datagen', 'rows-per-second' = '1000', 'fields.x.length' = '10000')
