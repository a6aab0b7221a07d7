SET 'pipeline.name' = 'airport_delays';

-- The file is in the order of its dates, so no row is ever late and the watermark needs no slack.
CREATE TABLE IF NOT EXISTS flights (
  `date` TIMESTAMP(3),
  delay INT,
  distance INT,
  origin STRING NOT NULL,
  destination STRING,
  WATERMARK FOR `date` AS `date`
) WITH ('connector' = 'http');

CREATE TABLE IF NOT EXISTS airport_delays (
  origin STRING NOT NULL,
  window_start TIMESTAMP(3) NOT NULL,
  flights BIGINT NOT NULL,
  mean_delay DOUBLE,
  worst_delay INT,
  PRIMARY KEY (origin, window_start) NOT ENFORCED
) WITH ('connector' = 'view', 'retention' = 'forever');

-- The mean is taken of a DOUBLE: that of an INT would be an INT.
INSERT INTO airport_delays
SELECT origin, window_start, COUNT(*), AVG(CAST(delay AS DOUBLE)), MAX(delay)
FROM TABLE(TUMBLE(TABLE flights, DESCRIPTOR(`date`), INTERVAL '1' HOUR))
GROUP BY origin, window_start, window_end;
