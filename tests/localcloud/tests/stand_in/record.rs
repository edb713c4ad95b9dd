//! What the stand-in remembers, and what it forgets.

use aws_credential_types::Credentials;
use localcloud::{Clock, LocalCloud, Options};

use crate::common::{Rig, USER, system_time};

#[tokio::test]
async fn the_journal_tells_who_did_what_and_no_secret() {
    let rig = Rig::new();
    let key = rig.mint().await;
    let _ = rig.identity(&Credentials::from_keys(key.access_key_id(), "wrong", None)).await;
    rig.identity(&key).await.unwrap();
    let journal = rig.cloud.journal();
    let told: Vec<_> =
        journal.iter().map(|entry| (entry.seq, &*entry.action, entry.outcome.as_deref(), entry.answered)).collect();
    assert_eq!(
        told,
        [
            (1, "CreateAccessKey", Some("OK"), Some(200)),
            (2, "GetCallerIdentity", Some("SignatureDoesNotMatch"), Some(403)),
            (3, "GetCallerIdentity", Some("OK"), Some(200)),
        ]
    );
    let (made, forged, used) = (&journal[0], &journal[1], &journal[2]);
    let admin = rig.cloud.aws().admin_credentials();
    assert_eq!(made.signer.as_ref(), Some(&admin.access_key_id));
    assert_eq!(made.principal.as_deref(), Some(USER));
    assert_eq!(made.key.as_deref(), Some(key.access_key_id()));
    assert_eq!(forged.signer, None);
    assert_eq!(used.signer.as_deref(), Some(key.access_key_id()));
    assert_eq!(system_time(used.at), system_time(rig.clock.now()));

    let text = format!("{journal:?} {:?} {admin:?}", rig.cloud.aws().snapshot());
    assert_eq!(rig.cloud.aws().leaks(&text), Vec::<String>::new());
    let spilled = format!("{text} {}", key.secret_access_key());
    assert_eq!(rig.cloud.aws().leaks(&spilled), [key.access_key_id()]);
}

#[test]
fn a_leak_is_found_however_a_url_spells_it() {
    let mut options = Options::default();
    options.aws.admin = Some(localcloud::Credentials {
        access_key_id: "AKIAADMINADMINADMIN2".to_owned(),
        secret_access_key: "wJalr/XUtn+FEMI".to_owned(),
    });
    let cloud = LocalCloud::start(options).unwrap();
    for text in ["a wJalr/XUtn+FEMI b", "secret=wJalr%2FXUtn%2BFEMI&x"] {
        assert_eq!(cloud.aws().leaks(text), ["AKIAADMINADMINADMIN2"], "{text}");
    }
    assert!(cloud.aws().leaks("wJalr/XUtn AKIAADMINADMINADMIN2").is_empty());
}

#[tokio::test]
async fn a_reset_leaves_the_admin_and_nothing_else() {
    let rig = Rig::new();
    let key = rig.mint().await;
    rig.cloud.reset();
    assert_eq!(rig.identity(&key).await.unwrap_err(), "InvalidClientTokenId");
    assert_eq!(rig.cloud.journal().len(), 1);
    let users = rig.iam().list_users().send().await.unwrap();
    let names: Vec<&str> = users.users().iter().map(|user| user.user_name()).collect();
    assert_eq!(names, ["admin"]);
}

/// However much else was asked in between, so that two runs with different faults can be compared.
#[tokio::test]
async fn the_same_seed_and_time_give_the_same_keys() {
    let ids = async |requests: usize| {
        let rig = Rig::new();
        for _ in 0..requests {
            rig.iam().list_users().send().await.unwrap();
        }
        let key = rig.mint().await;
        (key.access_key_id().to_owned(), rig.admin().access_key_id().to_owned())
    };
    assert_eq!(ids(0).await, ids(3).await);
}
