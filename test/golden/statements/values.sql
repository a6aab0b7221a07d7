-- rows are appended to a stream
INSERT INTO archive VALUES ('ann', 1, 'a'), ('ben', 2, NULL)

-- a query that ends is appended
INSERT INTO archive (clicks, user_id) SELECT SUM(n), k FROM (VALUES ('a', 1), ('a', 2)) AS t (k, n) GROUP BY k

-- nothing is appended of nothing
INSERT INTO archive SELECT k, 1, k FROM (VALUES ('a')) AS t (k) WHERE k = 'b'

-- rows with a null that may not be are left out where that is said
SET 'table.exec.sink.not-null-enforcer' = 'DROP';
INSERT INTO archive VALUES ('ann', 1, 'a'), ('ben', CAST(NULL AS BIGINT), 'b')

-- several are appended one after the other
EXECUTE STATEMENT SET BEGIN
  INSERT INTO archive VALUES ('ann', 1, 'a');
  INSERT INTO orders VALUES (1, 'ann', 2.5, 'a,b', '2024-01-01 00:00:00');
END

-- intervals of values, texts with escapes, calls in braces
SELECT TIMESTAMP '2024-01-01 00:00:00' + INTERVAL n DAY AS t, DATE '2024-01-31' + INTERVAL (n - 1) MONTH AS d,
  E'a\tb' AS e, {fn UPPER(k)} AS u, {d '2024-01-01'} AS j
FROM (VALUES ('a', 2)) AS v (k, n)

-- the first value of rows, nulls too
SELECT FIRST_VALUE(a), FIRST_VALUE(ROW(a)).EXPR$0 AS first_of_all FROM (VALUES (CAST(NULL AS INT)), (1)) AS t (a)
