use std::sync::{Arc, Mutex};

use localcloud::{Fault, LocalCloud, Rule, locked};

use crate::rig::SECRET;
use crate::system::System;

/// A consumer that reads `AWSCURRENT` before each request of anybody, and uses what it reads.
#[derive(Clone, Default)]
pub struct Reader(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    uses: usize,
    served: bool,
    failures: Vec<String>,
}

impl Reader {
    /// From now on it reads, until faults are cleared.
    pub fn watch(&self, system: System, cloud: &LocalCloud) {
        let (reader, look) = (self.clone(), Look { system, aws: cloud.aws().clone(), oci: cloud.oci().clone() });
        cloud.faults().add(Rule::new(Fault::stranger(move || reader.read(&look))).always());
    }

    fn read(&self, look: &Look) {
        let Look { system, aws, oci } = look;
        let key = aws.secret_value(SECRET, "AWSCURRENT").and_then(|json| system.used(&json));
        let mut seen = locked(&self.0);
        match key {
            Some(key) if system.works_in(aws, oci, &key) => {
                seen.uses += 1;
                seen.served = true;
            }
            Some(key) => seen.failures.push(format!("AWSCURRENT is the key {}, which does not work", key.id)),
            None if seen.served => seen.failures.push("AWSCURRENT holds no key any more".to_owned()),
            None => {}
        }
    }

    /// How often it used a key.
    pub fn uses(&self) -> usize {
        locked(&self.0).uses
    }

    /// What it read in vain.
    pub fn failures(&self) -> Vec<String> {
        locked(&self.0).failures.clone()
    }
}

/// What it sees.
struct Look {
    system: System,
    aws: localcloud::Aws,
    oci: localcloud::Oci,
}
