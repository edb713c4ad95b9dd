//! The committed texts and code say what the descriptors in PyPI `pulumi` say.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it must")]

#[path = "../examples/generate/code.rs"]
mod code;
mod facts;

use std::path::Path;
use std::process::Command;

use prost::Message;
use prost_types::FileDescriptorSet;
use sha2::{Digest, Sha256};

use facts::{differences, facts};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn committed() -> FileDescriptorSet {
    FileDescriptorSet::decode(pulumi_proto::DESCRIPTORS).unwrap()
}

#[test]
fn texts_agree_with_the_descriptors() {
    let texts = facts(&code::compile(root()).unwrap());
    let descriptors = facts(&committed());
    assert!(descriptors.len() > 450, "only {} facts compared", descriptors.len());
    assert_eq!(differences(&descriptors, &texts), Vec::<String>::new());
}

#[test]
fn the_comparison_sees_what_it_should() {
    let alter = |change: fn(&mut FileDescriptorSet)| {
        let mut set = committed();
        change(&mut set);
        differences(&facts(&committed()), &facts(&set)).len()
    };
    assert_eq!(alter(|_| ()), 0);
    assert_eq!(alter(|set| set.file[0].message_type[0].field[0].number = Some(77)), 1);
    assert_eq!(alter(|set| set.file[0].message_type[0].field[0].r#type = Some(9)), 1);
    assert_eq!(alter(|set| set.file[0].message_type[0].field[0].label = Some(3)), 1);
    assert!(alter(|set| drop(set.file[0].message_type.pop())) > 0);
    assert!(alter(|set| set.file.iter_mut().for_each(|file| file.service.clear())) > 0);
    assert!(alter(|set| set.file.iter_mut().for_each(|file| file.enum_type.clear())) > 0);
}

#[test]
fn generated_code_agrees_with_the_texts() {
    assert_eq!(code::stale(root()).unwrap(), Vec::<String>::new());
}

#[test]
fn the_notice_states_the_descriptors_hash() {
    let digest = Sha256::digest(pulumi_proto::DESCRIPTORS);
    let hash: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let notice = std::fs::read_to_string(root().join("NOTICE")).unwrap();
    assert!(notice.contains(&hash), "NOTICE does not state {hash}");
}

#[test]
#[ignore = "needs KEYROTATION_PYTHON: a Python with `pulumi` 3.272.0"]
fn descriptors_are_those_of_the_package() {
    let python = std::env::var("KEYROTATION_PYTHON").expect("KEYROTATION_PYTHON is not set");
    let script = root().join("tools/descriptors.py");
    let output = Command::new(python).arg(script).arg("set").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let package = FileDescriptorSet::decode(output.stdout.as_slice()).unwrap();
    assert_eq!(differences(&facts(&package), &facts(&committed())), Vec::<String>::new());
}
