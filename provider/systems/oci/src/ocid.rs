//! Names that OCI gives, as users write them.

/// What is wrong with an OCID of this kind.
pub(crate) fn ocid_problem(ocid: &str, kind: &str) -> Option<String> {
    let plain = |part: &&str| part.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_".contains(&c));
    // The oldest OCIDs have colons, as in `ocidv1:tenancy:oc1:phx:1460406592660:aaaa`.
    let parts: Vec<&str> = ocid.split(['.', ':']).collect();
    let fits = match parts.as_slice() {
        [version, shown, realm, rest @ .., unique] => {
            let known = version.starts_with("ocid") && *shown == kind && realm.starts_with("oc");
            known && !rest.is_empty() && !unique.is_empty() && parts.iter().all(plain)
        }
        _ => false,
    };
    (!fits)
        .then(|| format!("is not the OCID of a {kind}: write one such as \"ocid1.{kind}.oc1..aaaaaaaa…\" [KR-OCI-035]"))
}

/// What is wrong with a fingerprint.
pub(crate) fn fingerprint_problem(text: &str) -> Option<&'static str> {
    let pairs: Vec<&str> = text.split(':').collect();
    let pair = |pair: &&str| pair.len() == 2 && pair.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
    let fits = pairs.len() == 16 && pairs.iter().all(pair);
    (!fits).then_some(
        "is not a fingerprint: write sixteen pairs of the digits 0-9 and a-f, with colons between them [KR-OCI-036]",
    )
}
