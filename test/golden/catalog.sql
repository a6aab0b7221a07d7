CREATE TABLE clicks (
  user_id STRING,
  url STRING,
  country CHAR(2),
  price DECIMAL(10, 2),
  quantity INT NOT NULL,
  is_bot BOOLEAN,
  ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector' = 'http');

CREATE TABLE orders (
  id BIGINT NOT NULL,
  customer STRING,
  amount DOUBLE,
  tags STRING,
  placed STRING,
  placed_at AS TO_TIMESTAMP(placed),
  total AS amount * 1.2,
  seen AS PROCTIME(),
  WATERMARK FOR placed_at AS placed_at - INTERVAL '1' MINUTE
) DISTRIBUTED BY (customer) INTO 4 BUCKETS WITH ('connector' = 'http');

CREATE TABLE readings (
  sensor INT NOT NULL,
  degrees DOUBLE,
  at_time TIMESTAMP_LTZ(3) NOT NULL,
  WATERMARK FOR at_time AS at_time
) WITH ('connector' = 'http');

CREATE TABLE archive (user_id STRING, clicks BIGINT NOT NULL, note STRING) WITH ('connector' = 'http');

CREATE TABLE per_user (
  user_id STRING,
  clicks BIGINT NOT NULL,
  revenue DECIMAL(38, 2),
  PRIMARY KEY (user_id) NOT ENFORCED
) WITH ('connector' = 'view', 'retention' = '1 d');

CREATE TABLE nowhere (name STRING, amount BIGINT) WITH ('connector' = 'blackhole');

CREATE TABLE short_names (name CHAR(3) NOT NULL, amount INT) WITH ('connector' = 'print');

CREATE VIEW paid AS SELECT user_id, price, ts FROM clicks WHERE price > 0;

CREATE VIEW spenders (who, spent) AS SELECT customer, SUM(amount) FROM orders GROUP BY customer;

CREATE TABLE numbers (id INT) WITH ('connector' = 'datagen');
