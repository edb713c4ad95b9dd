//! Confluent Cloud, by its own client and by plain HTTP.

mod bench;
mod client;
mod data_planes;
mod failures;
mod keys;
mod lookups;
mod settings;
