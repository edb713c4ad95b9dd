//! The rotating resource over gRPC, as the engine calls it, against the stand-in of AWS, in a time that the test moves.

mod audit;
mod bench;
mod changes;
mod drift;
mod failures;
mod rotation;
