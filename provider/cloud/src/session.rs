use std::sync::{Arc, Mutex, PoisonError};

/// The session that a cloud works with: what one configuration reaches. Another configuration brings another session, and issuers that were
/// made before keep theirs.
#[derive(Debug)]
pub struct SessionCell<S>(Mutex<Arc<S>>);

impl<S> SessionCell<S> {
    /// With this session.
    pub fn new(session: S) -> Self {
        Self(Mutex::new(Arc::new(session)))
    }

    /// The session as it is now.
    pub fn get(&self) -> Arc<S> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes another session, and gives the one before.
    pub fn replace(&self, session: S) -> Arc<S> {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut current, Arc::new(session))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_a_session_keeps_it() {
        let cell = SessionCell::new(1);
        let before = cell.get();
        assert_eq!((*cell.replace(2), *before, *cell.get()), (1, 1, 2));
    }
}
