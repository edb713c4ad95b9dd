//! Bytes as a protobuf Struct: read or refused. What was read is written and read again the same, and what is stripped can
//! be saved.
#![no_main]

use libfuzzer_sys::fuzz_target;
use prost::Message;
use prost_types::Struct;
use pulumi_provider::wire::{Unknowns, from_struct, strip, to_struct};

fuzz_target!(|bytes: &[u8]| {
    let Ok(sent) = Struct::decode(bytes) else { return };
    let Ok(mut object) = from_struct(sent) else { return };
    if let Ok(written) = to_struct(object.clone(), Unknowns::Allowed) {
        assert!(from_struct(written).is_ok(), "what was written is not read");
    }
    strip(&mut object);
    assert!(to_struct(object, Unknowns::Refused).is_ok(), "what was stripped cannot be saved");
});
