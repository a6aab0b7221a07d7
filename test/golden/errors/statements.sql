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
