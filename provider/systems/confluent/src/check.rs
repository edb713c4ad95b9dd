use cloud::problem;
use rotation::Problem;

use crate::args::Args;
use crate::mark;
use crate::target::Target;

/// What is wrong with the inputs, beyond their types.
pub(crate) fn check(args: &Args) -> Vec<Problem> {
    let mut problems = Target::of(args).err().unwrap_or_default();
    for (property, text) in [("displayName", &args.display_name), ("description", &args.description)] {
        let text = text.as_deref().unwrap_or_default();
        if mark::stands_in(text) {
            problems.push(problem(
                property,
                "must not hold \"[keyrotation\": the plugin's own mark begins so [KR-CONFLUENT-001]",
            ));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn problems(args: Value) -> Vec<(String, String)> {
        let args: Args = serde_json::from_value(args).unwrap();
        check(&args).into_iter().map(|problem| (problem.property, problem.reason)).collect()
    }

    fn wrong(args: Value) -> Vec<String> {
        problems(args).into_iter().map(|(property, _)| property).collect()
    }

    #[test]
    fn the_peers_shape_is_taken() {
        let args = json!({
            "owner": {"id": "sa-1", "apiVersion": "iam/v2", "kind": "ServiceAccount"},
            "managedResource": {"id": "lkc-1", "apiVersion": "cmk/v2", "kind": "Cluster", "environment": {"id": "env-1"}},
            "displayName": "x", "description": "y",
        });
        assert!(wrong(args).is_empty());
        assert!(wrong(json!({"owner": {"id": "u-1"}})).is_empty());
    }

    #[test]
    fn an_owner_that_is_none_is_told_what_to_write() {
        for id in ["", "lkc-1", "sa", "sa-", "pool-1", "cloud", "sa-1/x", "u-1 "] {
            assert_eq!(wrong(json!({"owner": {"id": id}})), ["owner.id"], "{id:?}");
        }
        let told = |id: &str| problems(json!({"owner": {"id": id}})).remove(0).1;
        assert!(told("lkc-1").contains("managedResource.id") && told("lkc-1").contains("\"sa-"), "{}", told("lkc-1"));
        assert!(told("pool-1").contains("identity pool"));
    }

    #[test]
    fn a_resource_must_be_known_and_in_an_environment_where_one_is_needed() {
        let of = |resource: Value| wrong(json!({"owner": {"id": "sa-1"}, "managedResource": resource}));
        let within = |id: &str| of(json!({"id": id, "environment": {"id": "env-1"}}));
        for id in ["lkc-1", "lsrc-1", "aws.us-east-1"] {
            assert_eq!(of(json!({"id": id})), ["managedResource.environment"], "{id}");
            assert!(within(id).is_empty(), "{id}");
        }
        for id in ["lksqlc-1", "global", "Cloud", "TABLEFLOW", "env-1.aws.us-east-1"] {
            assert!(of(json!({"id": id})).is_empty(), "{id}");
            assert!(within(id).is_empty(), "{id}");
        }
        for id in ["", "lkc", "lkc-", "sa-1", "moon.us-east-1", "aws.", "aws.a.b", "lkc-1/x", "env-1"] {
            assert_eq!(within(id), ["managedResource.id"], "{id:?}");
        }
        let environment = json!({"id": "lkc-1", "environment": {"id": "lkc-1"}});
        assert_eq!(of(environment), ["managedResource.environment.id"]);
        let other = json!({"id": "env-2.aws.us-east-1", "environment": {"id": "env-1"}});
        assert_eq!(of(other), ["managedResource.environment.id"]);
        let told = problems(json!({"owner": {"id": "sa-1"}, "managedResource": {"id": "lkc-1"}})).remove(0).1;
        assert!(told.contains("environment: {id: \"env-"), "{told}");
    }

    #[test]
    fn a_text_that_looks_like_a_mark_is_refused() {
        let args =
            json!({"owner": {"id": "sa-1"}, "description": "x [keyrotation 1 y]", "displayName": "[keyrotation]"});
        assert_eq!(wrong(args), ["displayName", "description"]);
    }
}
