//! The words of messages that are written for whoever runs `pulumi up`, for people who read CloudWatch.

/// What stands in the model's and the systems' messages, and what it is here. Longer ones come first.
const WORDS: &[(&str, &str)] = &[
    ("the credentials that the plugin uses", "the credentials that this function uses"),
    ("another resource is making a key", "something else is making a key"),
    ("another resource that is creating a key", "something else that is creating a key"),
    ("keepers changed", "Secrets Manager began a rotation"),
    ("the resource has no key yet", "the secret has no key yet"),
    ("Run `pulumi up` after that, and check", "Rotate the secret after that, and check"),
    (
        "Let only one resource manage it, or run `pulumi up` again once the other is done",
        "Let only one of them manage it",
    ),
    ("The first `pulumi up` after", "The first rotation after"),
    ("the first `pulumi up` after", "the first rotation after"),
    ("the next `pulumi up`", "the next try"),
    ("then run `pulumi up` again", "then rotate the secret again"),
    ("run `pulumi up` again", "rotate the secret again"),
    ("and run `pulumi up`", "and rotate the secret"),
    ("run `pulumi up`", "rotate the secret"),
    ("Run `pulumi up`", "Rotate the secret"),
    ("`pulumi up`", "the next rotation"),
    ("`pulumi refresh`", "the next rotation"),
    ("this version of the plugin", "this version of the function"),
    ("upgrade the plugin", "upgrade the function"),
    ("the plugin itself", "this function itself"),
    ("the plugin's credentials", "the credentials of this function"),
    ("keyrotation:aws.", "adminSecret."),
    ("keyrotation:oci.", "adminSecret."),
    ("keyrotation:confluent.", "adminSecret."),
    ("keyrotation:vault.", "adminSecret."),
];

/// A message of the model or of a system, as a rotation function says it.
pub fn for_rotations(message: &str) -> String {
    WORDS.iter().fold(message.to_owned(), |told, (from, to)| told.replace(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_message_sends_anybody_to_pulumi_who_does_not_use_it() {
        let told = for_rotations(
            "the user has reached its quota; delete one, then run `pulumi up` again. The first `pulumi up` after noon rotates",
        );
        let expected = "the user has reached its quota; delete one, then rotate the secret again. The first rotation after noon rotates";
        assert_eq!(told, expected);
        assert_eq!(
            for_rotations("creating a new key: keepers changed"),
            "creating a new key: Secrets Manager began a rotation"
        );
    }

    /// What is said of deleting a resource, which a function never does, and what only the state of a stack can mean.
    const OF_RESOURCES: [&str; 2] = ["pulumi destroy", "pulumi state delete"];

    #[test]
    fn every_text_of_the_model_and_of_the_first_systems_is_reworded() {
        let (mut section, mut seen) = ("", 0);
        let all = include_str!("../../messages.txt");
        for line in all.lines() {
            if let Some(file) = line.strip_prefix("# ") {
                section = file;
                continue;
            }
            let sources = [
                "provider/rotation/src/",
                "provider/systems/aws/src/",
                "provider/systems/oci/src/",
                "provider/cloud/src/tags",
            ];
            let is_said = sources.iter().any(|source| section.starts_with(source)) && !section.contains("/store");
            if !is_said || OF_RESOURCES.iter().any(|of| line.contains(of)) {
                continue;
            }
            seen += usize::from(line.contains("pulumi"));
            let told = for_rotations(line);
            assert!(!told.to_lowercase().contains("pulumi"), "{section}: {told}");
        }
        assert!(seen > 20, "{seen} texts were looked at");
    }
}
