-- a function that is nearly there
SELECT UPER(user_id) FROM clicks

-- a function with too few arguments
SELECT ROUND() FROM clicks

-- a function with arguments of other types
SELECT ABS(ts) FROM clicks

-- an operator on types that do not fit
SELECT ts + 1 FROM clicks

-- a comparison of types that do not fit
SELECT user_id FROM clicks WHERE ts = TRUE

-- a truth with a number
SELECT user_id FROM clicks WHERE is_bot > 1

-- WHERE of what is no truth
SELECT user_id FROM clicks WHERE quantity

-- CASE with results of different kinds
SELECT CASE WHEN is_bot THEN 1 ELSE ts END FROM clicks

-- IN with what is not alike
SELECT user_id FROM clicks WHERE quantity IN (1, TRUE)

-- a cast that there is not
SELECT CAST(ts AS BOOLEAN) FROM clicks

-- a DECIMAL with too many digits
SELECT CAST(price AS DECIMAL(40, 2)) FROM clicks

-- a number with too many digits
SELECT 123456789012345678901234567890123456789012345 FROM clicks

-- a DATE that is none
SELECT DATE '2026-02-30' FROM clicks

-- a TIMESTAMP that is none
SELECT TIMESTAMP 'yesterday' FROM clicks

-- an INTERVAL that is none
SELECT ts + INTERVAL '1:99' MINUTE TO SECOND FROM clicks

-- bytes with half of one
SELECT X'ABC' FROM clicks

-- a query as a value
SELECT (SELECT MAX(price) FROM clicks) FROM clicks

-- IN with a query
SELECT user_id FROM clicks WHERE user_id IN (SELECT customer FROM orders)

-- EXISTS
SELECT user_id FROM clicks WHERE EXISTS (SELECT 1 FROM orders)

-- OVER
SELECT COUNT(*) OVER (PARTITION BY user_id ORDER BY ts) FROM clicks

-- UNNEST of what is no collection
SELECT word FROM clicks CROSS JOIN UNNEST(url) AS words (word)

-- an element of what is no collection
SELECT url[1] FROM clicks

-- VALUES of uneven rows
SELECT * FROM (VALUES (1, 2), (3))

-- VALUES of types that have nothing in common
SELECT * FROM (VALUES (1), (TRUE))

-- a regular expression has a block of characters
SELECT REGEXP_REPLACE(url, '\p{InGreek}', '') FROM clicks

-- a regular expression has clusters
SELECT REGEXP_REPLACE(url, '\X+', '') FROM clicks

-- a first value may be a null
SELECT FIRST_VALUE(url) RESPECT NULLS FROM clicks

-- a sum is told what it does with nulls
SELECT SUM(quantity) IGNORE NULLS FROM clicks
