//! `tidb-dms`: tells, before a migration starts, whether AWS DMS will reach and use a TiDB Cloud
//! cluster.

pub mod report;
