//! Any keys and indexes as a path: what is written is what the engine's grammar reads, up to the first key that the grammar
//! cannot express.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pulumi_provider::{PropertyPath, Segment};

fuzz_target!(|text: &str| {
    let segments = text.split('\0').map(|part| match part.strip_prefix('#').and_then(|digits| digits.parse().ok()) {
        Some(index) => Segment::Index(index),
        None => Segment::Key(part.to_owned()),
    });
    let path: PropertyPath = segments.collect();
    let read = read(&path.to_string()).unwrap_or_else(|| panic!("{path} cannot be read"));
    assert!(path.segments().starts_with(&read), "{path} is read as {read:?}");
    let cut = path.segments().get(read.len());
    let inexpressible = |segment: &Segment| matches!(segment, Segment::Key(key) if key.ends_with('\\'));
    assert!(cut.is_none_or(inexpressible), "{path} ends too early");
});

/// The engine's grammar: names between dots, indexes in brackets, other keys in brackets and quotes with `\"` the only escape.
fn read(text: &str) -> Option<Vec<Segment>> {
    let mut segments = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix("[\"") {
            let (key, after) = read_quoted(quoted)?;
            segments.push(Segment::Key(key));
            rest = after.strip_prefix(']')?;
        } else if let Some(index) = rest.strip_prefix('[') {
            let (digits, after) = index.split_once(']')?;
            segments.push(Segment::Index(digits.parse().ok()?));
            rest = after;
        } else {
            let name = if segments.is_empty() { rest } else { rest.strip_prefix('.')? };
            let end = name.find(['.', '[']).unwrap_or(name.len());
            if end == 0 {
                return None;
            }
            segments.push(Segment::Key(name[..end].to_owned()));
            rest = &name[end..];
        }
    }
    Some(segments)
}

fn read_quoted(text: &str) -> Option<(String, &str)> {
    let mut key = String::new();
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((key, &text[at + 1..])),
            '\\' if characters.peek().is_some_and(|(_, next)| *next == '"') => {
                characters.next();
                key.push('"');
            }
            other => key.push(other),
        }
    }
    None
}
