//! Deaths of the engine and of the plugin in the middle of a run.

use std::time::Duration;

use anyhow::{Result, ensure};
use localcloud::Rule;

use crate::process;
use crate::running::Running;
use crate::scene::Scene;

const PATIENCE: Duration = Duration::from_secs(300);

/// Who is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Victim {
    /// The plugin; the engine sees it die.
    Plugin,
    /// The engine; the plugin follows.
    Engine,
}

impl Scene {
    /// Starts a command of the CLI, and kills this one while `rule` holds a call.
    ///
    /// # Errors
    /// When no call is held, or something cannot be killed.
    pub fn run_killed(&self, command: &[&str], victim: Victim, rule: Rule) -> Result<()> {
        self.cloud.fault(rule);
        let mut engine = self.work.start(command)?;
        self.cloud.until_held(PATIENCE, || engine.ended())?;
        self.kill(victim, engine)
    }

    /// Kills while a call is held, and waits until nothing of the run is left.
    fn kill(&self, victim: Victim, engine: Running) -> Result<()> {
        match victim {
            Victim::Plugin => {
                let plugins = self.work.plugins()?;
                ensure!(!plugins.is_empty(), "no plugin runs while its call is held");
                for pid in plugins {
                    process::kill(pid)?;
                }
                // The call that is held must not go on, so it is let go only when its sender has gone.
                self.cloud.until_none_held(PATIENCE)?;
                self.cloud.clear_faults();
                engine.wait(PATIENCE)?.expect_failure()?;
            }
            Victim::Engine => {
                engine.kill()?;
                self.cloud.clear_faults();
                self.work.expect_no_plugin()?;
                // A killed engine leaves its lock in the backend; that is Pulumi's, and so is the cure.
                self.work.run(&["cancel", "--yes"])?.expect_success()?;
            }
        }
        Ok(())
    }
}
