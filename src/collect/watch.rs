//! When a run must end, and what it tells of itself on the way.

use std::{fmt, sync::Arc, time::Duration};

use tokio::{
    sync::watch::{Sender, channel},
    time::{Instant, sleep_until},
};

/// Something that happened while looking, for whoever shows progress.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Event {
    /// So many more questions will be asked of something: `AWS`, `DNS`, `login`, ….
    Expected(&'static str, usize),
    /// One of them has its answer, good or bad.
    Answered(&'static str),
    /// The terminal belongs to somebody else for a while, who asks for a password.
    Hushed(bool),
}

/// Why a run ended before its work was done.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Over {
    /// Its time was up.
    #[error("time was up after {} s", .0.as_secs_f64())]
    TimeUp(Duration),
    /// Somebody didn't want to wait any longer.
    #[error("the run was interrupted")]
    Interrupted,
}

/// What a clock says.
#[derive(Clone, Copy, Debug)]
enum Clock {
    Running(Instant),
    /// It stands while a person is asked, with so much time left.
    Standing(Duration),
}

/// The end of a run, and its listener. Cheap to clone; clones share one clock.
#[derive(Clone)]
pub struct Watch {
    limit: Duration,
    clock: Sender<Clock>,
    interrupted: Sender<bool>,
    listener: Arc<dyn Fn(Event) + Send + Sync>,
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("clock", &*self.clock.borrow()).finish_non_exhaustive()
    }
}

impl Watch {
    /// A run that ends after `limit`, whoever hangs.
    pub fn new(limit: Duration, listener: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self {
            limit,
            clock: channel(Clock::Running(Instant::now() + limit)).0,
            interrupted: channel(false).0,
            listener: Arc::new(listener),
        }
    }

    /// The same run with another limit, for something that has a time of its own.
    #[must_use]
    pub fn beside(&self, limit: Duration) -> Self {
        let clock = channel(Clock::Running(Instant::now() + limit)).0;
        Self { limit, clock, ..self.clone() }
    }

    /// The time left.
    pub fn left(&self) -> Duration {
        if *self.interrupted.borrow() {
            return Duration::ZERO;
        }
        match *self.clock.borrow() {
            Clock::Running(end) => end.saturating_duration_since(Instant::now()),
            Clock::Standing(left) => left,
        }
    }

    /// Why it is over, or will be when the time is up.
    pub fn why(&self) -> Over {
        if *self.interrupted.borrow() { Over::Interrupted } else { Over::TimeUp(self.limit) }
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        self.left().is_zero()
    }

    /// Waits for something, but not beyond the end.
    pub async fn wait<T>(&self, work: impl Future<Output = T>) -> Result<T, Over> {
        tokio::select! {
            biased;
            value = work => Ok(value),
            () = self.end() => Err(self.why()),
        }
    }

    /// Waits for the end.
    pub async fn end(&self) {
        let (mut clock, mut interrupted) = (self.clock.subscribe(), self.interrupted.subscribe());
        loop {
            if *interrupted.borrow_and_update() {
                return;
            }
            let now = *clock.borrow_and_update();
            let rung = async {
                match now {
                    Clock::Running(end) => sleep_until(end).await,
                    Clock::Standing(_) => std::future::pending().await,
                }
            };
            // The senders live as long as this watch.
            tokio::select! {
                () = rung => return,
                _ = clock.changed() => {}
                _ = interrupted.changed() => {}
            }
        }
    }

    /// Ends the run now, and all that run beside it.
    pub fn interrupt(&self) {
        self.interrupted.send_replace(true);
    }

    /// Stops the clock until the guard is dropped: a person who thinks isn't a peer that hangs.
    pub fn stop(&self) -> Stopped<'_> {
        let left = self.left();
        self.clock.send_replace(Clock::Standing(left));
        Stopped { watch: self }
    }

    /// Tells what happened.
    pub fn tell(&self, event: Event) {
        (self.listener)(event);
    }
}

/// A clock that stands.
#[derive(Debug)]
pub struct Stopped<'a> {
    watch: &'a Watch,
}

impl Drop for Stopped<'_> {
    fn drop(&mut self) {
        self.watch.clock.send_modify(|clock| {
            if let Clock::Standing(left) = *clock {
                *clock = Clock::Running(Instant::now() + left);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    fn watch() -> Watch {
        Watch::new(Duration::from_secs(10), |_| {})
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_ends_when_its_time_is_up_or_somebody_says_so() {
        let (begin, watch) = (Instant::now(), watch());
        assert_eq!(watch.wait(sleep(Duration::from_secs(9))).await, Ok(()));
        let over = watch.wait(sleep(Duration::from_secs(9))).await;
        assert_eq!(over, Err(Over::TimeUp(Duration::from_secs(10))));
        assert_eq!(begin.elapsed(), Duration::from_secs(10));
        assert!(watch.is_over());

        let watch = self::watch();
        let beside = watch.beside(Duration::from_mins(10));
        let (over, ()) = tokio::join!(beside.wait(std::future::pending::<()>()), async {
            sleep(Duration::from_secs(1)).await;
            watch.interrupt();
        });
        assert_eq!(over, Err(Over::Interrupted));
        assert!(watch.is_over() && beside.is_over());
    }

    #[tokio::test(start_paused = true)]
    async fn the_clock_stands_while_a_person_thinks() {
        let (begin, watch) = (Instant::now(), watch());
        let (over, ()) = tokio::join!(watch.wait(std::future::pending::<()>()), async {
            sleep(Duration::from_secs(4)).await;
            let stopped = watch.stop();
            sleep(Duration::from_mins(5)).await;
            assert_eq!(watch.left(), Duration::from_secs(6));
            drop(stopped);
        });
        assert!(over.is_err());
        assert_eq!(begin.elapsed(), Duration::from_secs(310));
    }

    #[test]
    fn the_reason_fits_into_a_gap() {
        let up = Over::TimeUp(Duration::from_mins(1));
        assert_eq!(up.to_string(), "time was up after 60 s");
    }
}
