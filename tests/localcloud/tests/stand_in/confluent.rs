//! Confluent Cloud, by its own client and by plain HTTP.

mod client;
mod data_planes;
mod failures;
mod keys;
mod lookups;
mod rig;
mod settings;
