use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a lock guards, also after a panic: nobody leaves it half changed.
pub fn locked<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
