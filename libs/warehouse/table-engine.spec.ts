import { describe, expect, it } from '@jest/globals';
import { forCluster } from './table-engine.js';

const SECONDS = 'replicated_deduplication_window_seconds = 315360000';
const PLACE = "'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'";

describe('a statement for a cluster', () => {
  it.each([
    [
      "CREATE DATABASE IF NOT EXISTS crm COMMENT 'a MergeTree'",
      "CREATE DATABASE IF NOT EXISTS crm ON CLUSTER `c` COMMENT 'a MergeTree'",
    ],
    [
      'CREATE TABLE IF NOT EXISTS crm.a (b Int8) ENGINE = MergeTree ORDER BY b SETTINGS non_replicated_deduplication_window = 9, fsync_after_insert = 1',
      `CREATE TABLE IF NOT EXISTS crm.a ON CLUSTER \`c\` (b Int8) ENGINE = ReplicatedMergeTree(${PLACE}) ORDER BY b SETTINGS ${SECONDS}, replicated_deduplication_window = 9, fsync_after_insert = 1`,
    ],
    [
      "CREATE TABLE crm.a (b Int8 COMMENT 'x', c Int8) ENGINE = ReplacingMergeTree(c) ORDER BY b SETTINGS fsync_after_insert = 1 COMMENT 'y'",
      `CREATE TABLE crm.a ON CLUSTER \`c\` (b Int8 COMMENT 'x', c Int8) ENGINE = ReplicatedReplacingMergeTree(${PLACE}, c) ORDER BY b SETTINGS replicated_deduplication_window = 0, fsync_after_insert = 1 COMMENT 'y'`,
    ],
    [
      "CREATE TABLE crm.a (b Int8 COMMENT 'x') ENGINE = MergeTree() ORDER BY (b, `c`) COMMENT 'y'",
      `CREATE TABLE crm.a ON CLUSTER \`c\` (b Int8 COMMENT 'x') ENGINE = ReplicatedMergeTree(${PLACE}) ORDER BY (b, \`c\`) SETTINGS replicated_deduplication_window = 0 COMMENT 'y'`,
    ],
    [
      'create table crm.a (b Int8) engine MergeTree order by b -- why',
      `create table crm.a ON CLUSTER \`c\` (b Int8) engine ReplicatedMergeTree(${PLACE}) order by b SETTINGS replicated_deduplication_window = 0 -- why`,
    ],
    [
      "CREATE TABLE IF NOT EXISTS `crm`.`a` AS crm.events ENGINE = Null COMMENT ''",
      "CREATE TABLE IF NOT EXISTS `crm`.`a` ON CLUSTER `c` AS crm.events ENGINE = Null COMMENT ''",
    ],
    [
      'CREATE OR REPLACE VIEW crm.a AS SELECT 1 AS ENGINE',
      'CREATE OR REPLACE VIEW crm.a ON CLUSTER `c` AS SELECT 1 AS ENGINE',
    ],
    [
      'CREATE MATERIALIZED VIEW crm.a TO crm.b AS SELECT 1',
      'CREATE MATERIALIZED VIEW crm.a ON CLUSTER `c` TO crm.b AS SELECT 1',
    ],
    ['CREATE OR REPLACE FUNCTION f AS (x) -> x', 'CREATE OR REPLACE FUNCTION f ON CLUSTER `c` AS (x) -> x'],
    [
      'ALTER TABLE crm.a MODIFY SETTING non_replicated_deduplication_window = 9',
      `ALTER TABLE crm.a ON CLUSTER \`c\` MODIFY SETTING ${SECONDS}, replicated_deduplication_window = 9`,
    ],
    ['DROP VIEW IF EXISTS crm.a SYNC', 'DROP VIEW IF EXISTS crm.a ON CLUSTER `c` SYNC'],
    ['DROP TABLE crm.a', 'DROP TABLE crm.a ON CLUSTER `c` SYNC'],
    ['DROP FUNCTION IF EXISTS f', 'DROP FUNCTION IF EXISTS f ON CLUSTER `c`'],
    [
      'DETACH TABLE IF EXISTS crm.a PERMANENTLY SYNC',
      'DETACH TABLE IF EXISTS crm.a ON CLUSTER `c` PERMANENTLY SYNC',
    ],
    ['TRUNCATE TABLE crm.a', 'TRUNCATE TABLE crm.a ON CLUSTER `c`'],
    ['RENAME TABLE crm.a TO crm.b', 'RENAME TABLE crm.a TO crm.b ON CLUSTER `c`'],
    ['EXCHANGE TABLES crm.a AND crm.b', 'EXCHANGE TABLES crm.a AND crm.b ON CLUSTER `c`'],
    // What a killed process left over may be on any server.
    ['DROP TABLE IF EXISTS crm.a_v1_check SYNC', 'DROP TABLE IF EXISTS crm.a_v1_check ON CLUSTER `c` SYNC'],
  ])('%s', (sql, sent) => expect(forCluster(sql, 'c')).toBe(sent));

  it.each([
    'SELECT 1',
    "INSERT INTO crm.a VALUES ('CREATE TABLE x')",
    'DELETE FROM crm.a WHERE 1',
    'SYSTEM SYNC REPLICA crm.a LIGHTWEIGHT',
    'CREATE TABLE crm.scratch_a_1 ENGINE = MergeTree ORDER BY a AS SELECT 1 AS a',
    'DROP TABLE IF EXISTS crm.scratch_a_1',
    'CREATE TABLE crm.a_v1_check (b Int8) ENGINE = MergeTree ORDER BY b',
    'ALTER TABLE crm.a_v1_check ATTACH PARTITION ALL FROM crm.a_v1',
    'CREATE TABLE crm.a_v1_check_expected AS crm.a_v1_check',
  ])('is the same: %s', (sql) => expect(forCluster(sql, 'c')).toBe(sql));

  it.each([
    'CREATE TABLE crm.b AS crm.a',
    'CREATE TABLE crm.b CLONE AS crm.a',
    'CREATE MATERIALIZED VIEW crm.b ENGINE = MergeTree ORDER BY a AS SELECT 1 AS a',
    'CREATE DICTIONARY crm.a (b Int8) PRIMARY KEY b',
    'DROP TABLE',
  ])('is refused: %s', (sql) => expect(() => forCluster(sql, 'c')).toThrow(/not known/));
});
