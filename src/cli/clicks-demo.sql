SET 'pipeline.name' = 'clicks_by_user';

CREATE TABLE IF NOT EXISTS clicks (
  `time` TIMESTAMP(3),
  `user` STRING NOT NULL,
  page STRING,
  WATERMARK FOR `time` AS `time` - INTERVAL '5' SECOND
) WITH ('connector' = 'http');

CREATE TABLE IF NOT EXISTS clicks_by_user (
  `user` STRING NOT NULL PRIMARY KEY NOT ENFORCED,
  clicks BIGINT NOT NULL,
  last_page STRING
) WITH ('connector' = 'view');

-- There is no window: the results change with every event, so they are seen at once.
INSERT INTO clicks_by_user
SELECT `user`, COUNT(*), LAST_VALUE(page) FROM clicks GROUP BY `user`;
