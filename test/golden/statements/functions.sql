-- a function has a name in SQL
CREATE FUNCTION mask AS 'mask_email' LANGUAGE TYPESCRIPT

-- a function is calculated, however its name is written
CREATE FUNCTION mask AS 'mask_email';
SELECT MASK(a), mask(NULL) FROM (VALUES ('ann@example.org'), (NULL)) AS t (a)

-- a table function makes rows of each row
CREATE FUNCTION words AS 'words';
SELECT id, word, place FROM (VALUES (1, 'to be'), (2, '-'), (3, 'or')) AS t (id, note), LATERAL TABLE(words(note))

-- a row without rows stays where it is said
CREATE FUNCTION words AS 'words';
SELECT id, w, p FROM (VALUES (1, 'to be'), (2, '-')) AS t (id, note)
LEFT JOIN LATERAL TABLE(words(note)) AS x (w, p) ON TRUE

-- a table function stands by itself
CREATE FUNCTION words AS 'words';
SELECT word FROM TABLE(words('a b')) WHERE place > 1

-- an aggregate is of groups
CREATE FUNCTION wavg AS 'weighted_average';
SELECT k, wavg(v, w), wavg(DISTINCT v, w), wavg(v, w) FILTER (WHERE w > 1)
FROM (VALUES ('a', 1, 1), ('a', 4, 2), ('a', 4, 2), ('b', 1, CAST(NULL AS INT))) AS t (k, v, w) GROUP BY k

-- an aggregate of nothing has its value
CREATE FUNCTION wavg AS 'weighted_average';
SELECT wavg(v, 1) FROM (VALUES (1)) AS t (v) WHERE v > 1

-- functions are listed
CREATE FUNCTION mask AS 'mask_email';
CREATE FUNCTION words AS 'words';
SHOW USER FUNCTIONS LIKE 'm%'

-- a function is described
CREATE FUNCTION wavg AS 'weighted_average';
DESCRIBE FUNCTION wavg

-- a function is shown as it was made
CREATE FUNCTION mask AS 'mask_email' LANGUAGE JAVASCRIPT;
SHOW CREATE FUNCTION mask

-- a function gets another implementation
CREATE FUNCTION f AS 'mask_email';
ALTER FUNCTION f AS 'words';
SHOW CREATE FUNCTION f

-- a function that is there is kept
CREATE FUNCTION f AS 'mask_email';
CREATE FUNCTION IF NOT EXISTS f AS 'words'

-- a function is dropped
CREATE FUNCTION f AS 'mask_email';
DROP FUNCTION F;
SHOW USER FUNCTIONS

-- a function that there is not need not be
DROP FUNCTION IF EXISTS nothing

-- a plan calls functions by the names under which they are registered
CREATE FUNCTION mask AS 'mask_email';
CREATE FUNCTION words AS 'words';
CREATE FUNCTION wavg AS 'weighted_average';
EXPLAIN INSERT INTO nowhere
SELECT mask(word), CAST(wavg(price, quantity) AS BIGINT)
FROM clicks CROSS JOIN LATERAL TABLE(words(url)) AS t (word, place) GROUP BY word

-- an aggregate that is not merged is of groups
CREATE FUNCTION changes AS 'changes';
SELECT k, changes(v) FROM (VALUES ('a', 'x'), ('a', 'y'), ('a', 'y'), ('b', 'x')) AS t (k, v) GROUP BY k

-- a plan has an aggregate that is not merged in windows that are not put together
CREATE FUNCTION changes AS 'changes';
EXPLAIN INSERT INTO nowhere
SELECT user_id, CAST(changes(url) AS BIGINT)
FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) GROUP BY user_id, window_start, window_end

-- a computed column calls a function, and a watermark is for it
CREATE FUNCTION mask AS 'mask_email';
CREATE TABLE mails (email STRING, sent STRING, who AS mask(email), at_time AS TO_TIMESTAMP(mask(sent)),
  WATERMARK FOR at_time AS at_time - INTERVAL '1' SECOND) WITH ('connector' = 'http');
ALTER TABLE mails ADD again AS mask(sent);
EXPLAIN INSERT INTO nowhere SELECT again, COUNT(who)
FROM TABLE(TUMBLE(TABLE mails, DESCRIPTOR(at_time), INTERVAL '1' MINUTE)) GROUP BY again, window_start, window_end
