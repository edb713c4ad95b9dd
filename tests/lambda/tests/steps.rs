//! What the four steps do, one after another and again.

use anyhow::Result;
use lambda_trials::{Rig, System};
use serde_json::json;

#[tokio::test]
async fn two_rotations_in_a_row_leave_the_new_key_and_the_previous_one() -> Result<()> {
    for system in System::ALL {
        let rig = Rig::new(system, &json!({}))?;
        rig.rotate().await.map_err(anyhow::Error::msg)?;
        let first = rig.current().expect("a key");
        assert!(rig.works(&first), "{:?}", rig.lines());
        assert_eq!(rig.keys(), [first.id.clone()]);
        rig.rotate().await.map_err(anyhow::Error::msg)?;
        let second = rig.current().expect("a key");
        assert!(rig.works(&second) && rig.works(&first) && second.id != first.id);
        assert_eq!(rig.keys().len(), 2);
        rig.rotate().await.map_err(anyhow::Error::msg)?;
        assert_eq!(rig.keys().len(), 2, "{:#?}", rig.lines());
        assert!(!rig.keys().contains(&first.id));
        println!("{:#?}\n{:#?}", rig.lines(), rig.calls());
    }
    Ok(())
}
