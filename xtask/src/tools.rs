//! The programs that builds and tests need beside Rust, each had once and kept in the cache.

pub(crate) mod cli;
pub(crate) mod confluent_walk;
pub(crate) mod debian;
pub(crate) mod deny;
pub(crate) mod go;
pub(crate) mod installed;
pub(crate) mod mariadb;
pub(crate) mod mutants;
pub(crate) mod oci_walk;
pub(crate) mod openbao;
pub(crate) mod postgres;
pub(crate) mod python;
pub(crate) mod python_host;
pub(crate) mod recipes;
pub(crate) mod sdk;
