-- x
SELECT
