use anyhow::{Context, Result};
use jiff::SignedDuration;
use localcloud::Invocations;
use serde_json::{Value, json};

use crate::rig::{Rig, SECRET};
use crate::system::System;

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What stands there when a rotation begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// The secret names a principal and holds no key.
    First,
    /// It holds a key that a person put there.
    Adopted,
    /// An earlier rotation left one key.
    Second,
    /// Earlier rotations left two, and the previous one works until the next rotation.
    Third,
    /// The same with a stated overlap, which is over.
    Overlap,
}

impl Life {
    /// Each of them.
    pub const ALL: [Self; 5] = [Self::First, Self::Adopted, Self::Second, Self::Third, Self::Overlap];

    /// Those that a system has.
    pub fn of(system: System) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |life| *life != Self::Adopted || system == System::Aws)
    }

    fn fields(self) -> Value {
        match self {
            Self::Overlap => json!({"overlap": "1d"}),
            _ => json!({}),
        }
    }

    /// A rig on which a rotation may begin.
    ///
    /// # Errors
    /// It cannot be prepared.
    pub async fn prepare(self, system: System) -> Result<Rig> {
        let rig = Rig::new(system, &self.fields())?;
        let rotations = match self {
            Self::First | Self::Adopted => 0,
            Self::Second => 1,
            Self::Third | Self::Overlap => 2,
        };
        if self == Self::Adopted {
            adopt(&rig)?;
        }
        for _ in 0..rotations {
            rig.rotate().await.map_err(anyhow::Error::msg)?;
            rig.clock.advance(DAY * 2);
        }
        Ok(rig)
    }

    /// The names of the calls of a rotation that nothing disturbs, each with the step that it belongs to.
    ///
    /// # Errors
    /// The rotation fails.
    pub async fn calls(self, system: System) -> Result<Vec<(usize, String)>> {
        let rig = self.prepare(system).await?;
        let mut calls = Vec::new();
        let Invocations { payloads, .. } = rig.begin()?;
        for (step, payload) in payloads.iter().enumerate() {
            let before = rig.calls().len();
            rig.steps(std::slice::from_ref(payload)).await.map_err(anyhow::Error::msg)?;
            calls.extend(rig.calls().split_off(before).into_iter().map(|call| (step, call)));
        }
        Ok(calls)
    }
}

/// A person makes an access key by hand and puts it into the secret.
fn adopt(rig: &Rig) -> Result<()> {
    let key = rig.cloud.aws().mint_key(System::USER)?;
    let held = rig.cloud.aws().secret_value(SECRET, "AWSCURRENT").context("a value")?;
    let mut json: Value = serde_json::from_str(&held)?;
    json["accessKeyId"] = key.access_key_id.into();
    json["secretAccessKey"] = key.secret_access_key.into();
    rig.cloud.aws().edit_secret(SECRET, &json.to_string())?;
    rig.clock.advance(DAY * 2);
    Ok(())
}
