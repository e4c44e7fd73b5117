//! When a run must end, and what it tells of itself on the way.

use std::{fmt, sync::Arc, time::Duration};

use tokio::time::{Instant, error::Elapsed, timeout_at};

/// Something that happened while looking, for whoever shows progress.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Event {
    /// So many more questions will be asked of something: `AWS`, `DNS`, `login`, ….
    Expected(&'static str, usize),
    /// One of them has its answer, good or bad.
    Answered(&'static str),
}

/// The end of a run, and its listener. Cheap to clone.
#[derive(Clone)]
pub struct Watch {
    end: Instant,
    listener: Arc<dyn Fn(Event) + Send + Sync>,
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("end", &self.end).finish_non_exhaustive()
    }
}

impl Watch {
    /// A run that ends after `limit`, whoever hangs.
    pub fn new(limit: Duration, listener: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self { end: Instant::now() + limit, listener: Arc::new(listener) }
    }

    /// The time left.
    pub fn left(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    /// Waits for something, but not beyond the end.
    pub async fn wait<T>(&self, work: impl Future<Output = T>) -> Result<T, Elapsed> {
        timeout_at(self.end, work).await
    }

    /// Tells what happened.
    pub fn tell(&self, event: Event) {
        (self.listener)(event);
    }
}
