//! Marks that somebody removed or edited: a refresh says so, and the next run writes them again, with nothing else to do.

use crate::support::text;
use std::collections::BTreeMap;

use localcloud::oci::Kind;
use pulumi_provider::Value;
use pulumi_provider::testing::{Action, Managed};

use crate::bench::{HOUR, USER, saved};
use crate::places::{Places, SYSTEMS, System};

const MISSING: &str = "someone removed or changed the ownership";

impl Places {
    /// What somebody does who keeps nothing that is not theirs.
    fn strip(&self, system: System) {
        let cloud = &self.clouds[0];
        match system {
            System::Aws => cloud.aws().set_tags(USER, &BTreeMap::new()).unwrap(),
            System::Oci => cloud.oci().set_tags("ci", &BTreeMap::new()).unwrap(),
            System::OciToken => {
                for token in cloud.oci().secrets("ci", Kind::AuthToken) {
                    cloud.oci().rename_secret(&token.id, "theirs").unwrap();
                }
            }
            System::Confluent => {
                for key in cloud.confluent().keys(&self.confluent_owner, "cloud") {
                    cloud.confluent().describe_key(&key.id, "theirs", "theirs").unwrap();
                }
            }
        }
    }

    /// What tells the marks.
    fn marks(&self, system: System) -> String {
        let cloud = &self.clouds[0];
        match system {
            System::Aws => format!("{:?}", cloud.aws().tags(USER)),
            System::Oci => format!("{:?}", cloud.oci().tags("ci")),
            System::OciToken => format!("{:?}", cloud.oci().secrets("ci", Kind::AuthToken)),
            System::Confluent => format!("{:?}", cloud.confluent().keys(&self.confluent_owner, "cloud")),
        }
    }

    fn is_marked(&self, system: System) -> bool {
        self.marks(system).contains("keyrotation")
    }

    fn times_told(&self) -> usize {
        self.harness.logged().iter().filter(|line| format!("{line:?}").contains(MISSING)).count()
    }
}

fn is_told(key: &Managed) -> bool {
    format!("{:?}", saved(key).outputs["warnings"]).contains(MISSING)
}

/// As by each `pulumi up --refresh` of a program that manages the tags, the descriptions or the names.
#[tokio::test]
async fn official_a2_a_mark_that_is_gone_is_told_once_and_written_again() {
    for system in SYSTEMS {
        let places = Places::start().await;
        let (mut key, inputs) = (places.key(system), places.inputs(system, "1"));
        key.up(&inputs).await.unwrap();
        places.clock.advance(HOUR);
        key.refresh().await.unwrap();
        assert!(!is_told(&key) && places.times_told() == 0, "{system:?}: it was never gone");
        assert_eq!(key.up(&inputs).await.unwrap().action, Action::Same, "{system:?}");
        let first = text(saved(&key).outputs["current"].as_object().unwrap(), "id");
        places.strip(system);
        assert!(!places.is_marked(system), "{system:?}");
        assert_eq!(key.up(&inputs).await.unwrap().action, Action::Same, "{system:?}: a Diff asks nobody");
        key.refresh().await.unwrap();
        assert!(is_told(&key) && places.times_told() == 1, "{system:?}: {:?}", saved(&key).outputs["warnings"]);
        assert!(!places.is_marked(system), "{system:?}: a refresh wrote something");
        assert_eq!(key.preview(&inputs).await.unwrap().action, Action::Update, "{system:?}");
        assert_eq!(key.up(&inputs).await.unwrap().action, Action::Update, "{system:?}");
        assert!(places.is_marked(system), "{system:?}");
        assert_eq!(places.times_told(), 1, "{system:?}: once");
        assert_eq!(places.keys(system, 0), 1, "{system:?}");
        assert_eq!(text(saved(&key).outputs["current"].as_object().unwrap(), "id"), first, "{system:?}");
        places.clock.advance(HOUR);
        let before = saved(&key);
        key.refresh().await.unwrap();
        assert_eq!(saved(&key), before, "{system:?}: a refresh after it changes something");
        assert_eq!(key.up(&inputs).await.unwrap().action, Action::Same, "{system:?}");
        key.destroy().await.unwrap();
        assert_eq!(places.keys(system, 0), 0, "{system:?}");
    }
}

#[tokio::test]
async fn official_a2_a_run_that_finds_its_mark_gone_says_so_without_a_refresh() {
    for system in SYSTEMS {
        let places = Places::start().await;
        let mut key = places.key(system);
        key.up(&places.inputs(system, "1")).await.unwrap();
        places.clock.advance(HOUR);
        places.strip(system);
        key.up(&places.inputs(system, "2")).await.unwrap();
        assert_eq!(places.times_told(), 1, "{system:?}");
        assert!(!is_told(&key), "{system:?}: it is not so any more");
        assert!(places.is_marked(system) && places.keys(system, 0) == 2, "{system:?}");
        let before = saved(&key);
        places.clock.advance(HOUR);
        key.refresh().await.unwrap();
        assert_eq!(saved(&key).outputs["warnings"], before.outputs["warnings"], "{system:?}");
        assert_eq!(key.up(&places.inputs(system, "2")).await.unwrap().action, Action::Same, "{system:?}");
    }
}

#[tokio::test]
async fn official_a2_an_imported_key_has_no_mark_to_miss() {
    let places = Places::start().await;
    let id = places.clouds[0].aws().mint_key(USER).unwrap().access_key_id;
    let mut key = places.key(System::Aws);
    key.import(&format!("{USER}/{id}")).await.unwrap();
    places.clock.advance(HOUR);
    key.refresh().await.unwrap();
    assert!(!is_told(&key) && places.times_told() == 0);
    let inputs = saved(&key).inputs;
    assert_eq!(key.up(&inputs).await.unwrap().action, Action::Same);
}

#[tokio::test]
async fn official_a2_the_names_of_the_tags_are_an_output() {
    for system in [System::Aws, System::Oci] {
        let places = Places::start().await;
        let mut key = places.key(system);
        key.up(&places.inputs(system, "1")).await.unwrap();
        let tags = match system {
            System::Oci => places.clouds[0].oci().tags("ci"),
            _ => places.clouds[0].aws().tags(USER),
        };
        let told = |key: &Managed| saved(key).outputs["ownershipTags"].clone();
        let expected = Value::Array(tags.keys().map(|tag| tag.as_str().into()).collect());
        assert_eq!(told(&key), expected, "{system:?}");
        key.refresh().await.unwrap();
        assert_eq!(told(&key), expected, "{system:?}");
    }
}
