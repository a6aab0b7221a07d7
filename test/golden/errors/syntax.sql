-- a list that ends too early
SELECT user_id, FROM clicks

-- a word that is nearly another
SELCT user_id FROM clicks

-- a clause in the wrong place
SELECT user_id FROM clicks GROUP BY user_id WHERE quantity > 1

-- a parenthesis that is not closed
SELECT (quantity + 1 FROM clicks

-- a text that is not closed
SELECT 'abc FROM clicks

-- a name that is not closed
SELECT `abc FROM clicks

-- a comment that is not closed
SELECT 1 /* one

-- a reserved word as a name
SELECT user FROM clicks AS table

-- a character that nothing begins with
SELECT user_id ? 1 FROM clicks

-- an operator without what it is of
SELECT quantity > FROM clicks

-- CASE without END
SELECT CASE WHEN is_bot THEN 1 FROM clicks

-- a type that is no type
SELECT CAST(quantity AS NUMBRE) FROM clicks

-- INTERVAL without its unit
SELECT ts + INTERVAL '1' FROM clicks

-- two statements without a semicolon
SELECT 1 SELECT 2

-- a statement that there is not
UPSERT INTO archive VALUES (1)

-- INSERT without its query
INSERT INTO archive (user_id)

-- a table without columns
CREATE TABLE x

-- a statement set that does not end
EXECUTE STATEMENT SET BEGIN INSERT INTO nowhere SELECT user_id, 1 FROM clicks;

-- an error on a later line
SELECT user_id,
       quantity
FROM clicks
WHERE quantity >> 1

-- a text in a character set
SELECT _latin1'a'

-- a text with an escape that is no character
SELECT E'\UFFFFFFFF'

-- a text with escapes that does not end
SELECT E'it\'

-- an interval between times
SELECT (ts - ts) DAY FROM clicks

-- an interval of an expression in two units
SELECT INTERVAL quantity DAY TO SECOND FROM clicks

-- a query's rows as an array
SELECT ARRAY(SELECT 1)

-- a query's rows as a cursor
SELECT CURSOR(SELECT 1)

-- a cast with a format
SELECT CAST(user_id AS DATE FORMAT 'YYYY') FROM clicks

-- a type in a character set
SELECT CAST(user_id AS VARCHAR(3) CHARACTER SET utf8) FROM clicks

-- a type that is quoted
SELECT CAST(user_id AS `INT`) FROM clicks

-- another character set
SELECT CONVERT(user_id USING utf8) FROM clicks

-- a comparison of periods
SELECT (ts, ts) PRECEDES (ts, ts) FROM clicks

-- a function without a name
SELECT f(x -> x + 1) FROM clicks

-- an order of letters
SELECT user_id COLLATE de FROM clicks

-- a sequence
SELECT NEXT VALUE FOR s

-- braces with no call
SELECT {fn 1 + 1}

-- a table is compacted
ALTER TABLE archive COMPACT

-- a partition is changed
ALTER TABLE archive PARTITION (a = 1) SET ('k' = 'v')
