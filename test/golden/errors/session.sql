-- an option of the session that is nearly there
SET 'table.exec.state.tl' = '1 d'

-- an option that is not there
SET 'speed' = 'high'

-- late rows that fire windows again
SET 'table.exec.emit.allow-lateness' = '1 min'

-- a duration that is none
SET 'table.exec.state.ttl' = 'one day'

-- a truth that is none
SET 'table.exec.mini-batch.enabled' = 'yes'

-- a time zone that is none
SET 'table.local-time-zone' = 'Mars/Olympus'

-- a number that is none
SET 'parallelism.default' = 'two'

-- RESET of what is not there
RESET 'table.exec.state.tl'

-- USE of another database
USE production

-- another catalog
USE CATALOG hive

-- SHOW CREATE TABLE of what is not there
SHOW CREATE TABLE click
