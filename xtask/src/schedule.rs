//! Which pieces of work run side by side.

use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

/// What a piece of work does with the machine while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// It keeps every core busy.
    Computes,
    /// It mostly waits for servers and processes.
    Waits,
    /// It runs cargo, which lets only one build at a time into a folder, and gives way to the others.
    Builds,
}

impl Pace {
    const ALL: [Self; 3] = [Self::Computes, Self::Waits, Self::Builds];

    /// How many of this kind run at once.
    fn room(self, cores: usize) -> usize {
        match self {
            Self::Computes => (cores / 2).max(1),
            Self::Waits => cores.max(2),
            Self::Builds => 1,
        }
    }
}

/// A piece of work.
pub(crate) struct Task<'a, T> {
    /// What it does with the machine.
    pub(crate) pace: Pace,
    /// About how long it takes.
    pub(crate) seconds: u32,
    /// The work.
    pub(crate) work: Box<dyn FnOnce() -> T + Send + 'a>,
}

/// Does all of the work: each kind beside the others, as much of a kind at once as it has room, the longest first.
/// `done` gets what comes of each, in the order of their ends.
pub(crate) fn run<T: Send>(mut tasks: Vec<Task<'_, T>>, cores: usize, mut done: impl FnMut(T)) {
    tasks.sort_by_key(|task| task.seconds);
    let (send, results) = mpsc::channel();
    thread::scope(|scope| {
        for pace in Pace::ALL {
            let queue: Vec<_> = tasks.extract_if(.., |task| task.pace == pace).collect();
            let (places, queue) = (pace.room(cores).min(queue.len()), std::sync::Arc::new(Mutex::new(queue)));
            for _ in 0..places {
                let (send, queue) = (send.clone(), queue.clone());
                scope.spawn(move || {
                    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop();
                    while let Some(task) = next() {
                        // Nobody receives only after a panic, which ends everything.
                        let _ = send.send((task.work)());
                    }
                });
            }
        }
        drop(send);
        results.iter().for_each(&mut done);
    });
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    fn task<'a, T>(pace: Pace, seconds: u32, work: impl FnOnce() -> T + Send + 'a) -> Task<'a, T> {
        Task { pace, seconds, work: Box::new(work) }
    }

    fn results<T: Send>(tasks: Vec<Task<'_, T>>, cores: usize) -> Vec<T> {
        let mut results = Vec::new();
        run(tasks, cores, |result| results.push(result));
        results
    }

    #[test]
    fn what_takes_longest_comes_first() {
        let tasks = [3, 9, 1, 5].map(|seconds| task(Pace::Builds, seconds, move || seconds));
        assert_eq!(results(tasks.into(), 8), [9, 5, 3, 1]);
    }

    #[test]
    fn every_kind_runs_beside_the_others() {
        let meeting = Barrier::new(4);
        let paces = [Pace::Computes, Pace::Waits, Pace::Waits, Pace::Builds];
        let tasks = paces.map(|pace| task(pace, 1, || meeting.wait().is_leader()));
        assert_eq!(results(tasks.into(), 2).iter().filter(|leads| **leads).count(), 1);
    }

    #[test]
    fn no_kind_takes_more_than_its_room() {
        for (pace, cores, room) in [
            (Pace::Computes, 1, 1),
            (Pace::Computes, 8, 4),
            (Pace::Waits, 1, 2),
            (Pace::Waits, 3, 3),
            (Pace::Builds, 8, 1),
        ] {
            let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let work = || {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                thread::sleep(Duration::from_millis(5));
                now.fetch_sub(1, Ordering::SeqCst);
            };
            assert_eq!(results((0..20).map(|_| task(pace, 1, work)).collect(), cores).len(), 20);
            assert!(most.into_inner() <= room, "{pace:?} on {cores} cores");
        }
    }

    #[test]
    fn nothing_to_do_ends_at_once() {
        assert!(results(Vec::<Task<'_, ()>>::new(), 2).is_empty());
    }
}
