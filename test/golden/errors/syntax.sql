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
