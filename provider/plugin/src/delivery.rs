//! What the inputs say of deliveries: the stores that receive each generation of a key.

mod check;
mod clouds;
mod inputs;
mod status;

pub(crate) use check::{failures, unkept_secret};
pub(crate) use clouds::DeliveryClouds;
pub(crate) use inputs::{DELIVERIES, Delivery, DeliveryInputs, keeps_secret, read_one};
pub(crate) use status::{DELIVERY_STATUS, DeliveryOutputs, TARGETS, set_targets, status};
