-- a table that is nearly there
SELECT * FROM click

-- a table that is not there
SELECT * FROM weather

-- another database
SELECT * FROM prod.clicks

-- a column that is nearly there
SELECT usr_id FROM clicks

-- a column of the wrong case
SELECT USER_ID FROM clicks

-- a column of another table
SELECT orders.user_id FROM clicks

-- a column that the table before the dot has not
SELECT c.usr_id FROM clicks AS c

-- the star of a table that is not there
SELECT o.* FROM clicks AS c

-- a star without a table
SELECT *

-- a column that two tables have
SELECT word FROM clicks CROSS JOIN UNNEST(SPLIT(url, '/')) AS a (word) CROSS JOIN UNNEST(SPLIT(url, '.')) AS b (word)

-- more names than columns
SELECT * FROM (SELECT user_id, url FROM clicks) AS t (a, b, c)

-- a field of what is no row
SELECT url.host FROM clicks

-- a field that the row has not
SELECT r.hsot FROM (SELECT CAST(ROW(url) AS ROW<host STRING>) AS r FROM clicks)

-- a view that is inserted into
INSERT INTO paid SELECT * FROM clicks

-- a table of INSERT that is not there
INSERT INTO archives SELECT user_id, 1, url FROM clicks
