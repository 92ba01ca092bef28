//! Names who holds a thread for too long: what runs is noted before it begins, and one thread of ours sleeps until the
//! oldest of it is overdue.
//!
//! Noting costs a lock that nobody else wants. The thread is woken only when it slept for good, which it does when it finds
//! nothing running: so at most once in a limit's time, however much begins and ends, and never while nothing does.

use crate::platform::{self, WakeHandle};
use auroraview_core::inbox::Wake;
use auroraview_core::lock::{OrderedMutex, STATE};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// How long whoever is told may take before [`Alarm::shout`] is called.
pub const GRACE: Duration = Duration::from_millis(100);

/// What holds the thread, and since when.
#[derive(Debug)]
pub struct Overdue<L> {
    /// What was noted.
    pub label: Arc<L>,
    /// When it began.
    pub since: Instant,
    /// When it was found to be overdue.
    pub noticed: Instant,
}

/// Who is told of what is overdue, once for each.
pub trait Alarm<L>: Send + Sync + 'static {
    /// On a thread made for it, which may wait. It calls `heard` as soon as somebody listens.
    fn tell(&self, overdue: &Overdue<L>, heard: &dyn Fn());
    /// [`GRACE`] later, if nobody has listened by then. It must not wait.
    fn shout(&self, overdue: &Overdue<L>);
}

/// Watches one thread. What it runs is nested.
#[derive(Debug)]
pub struct Watchdog<L, A> {
    shared: Arc<Shared<L, A>>,
    /// Disconnected when the last thread of ours has ended.
    ended: OrderedMutex<Option<Receiver<()>>, STATE>,
}

#[derive(Debug)]
struct Shared<L, A> {
    /// In microseconds; 0: nobody watches.
    limit: AtomicU64,
    running: OrderedMutex<Vec<Running<L>>, STATE>,
    /// The thread sleeps for good.
    asleep: AtomicBool,
    stopped: AtomicBool,
    wake: WakeHandle,
    alarm: A,
}

#[derive(Debug)]
struct Running<L> {
    label: Arc<L>,
    since: Instant,
    told: bool,
}

impl<L: Send + Sync + 'static, A: Alarm<L>> Watchdog<L, A> {
    /// Watches nothing until [`Watchdog::set_limit`].
    pub fn new(alarm: A) -> io::Result<Self> {
        Ok(Self {
            shared: Arc::new(Shared {
                limit: AtomicU64::new(0),
                running: OrderedMutex::default(),
                asleep: AtomicBool::new(false),
                stopped: AtomicBool::new(false),
                wake: WakeHandle::new()?,
                alarm,
            }),
            ended: OrderedMutex::default(),
        })
    }

    /// What runs for longer is overdue. Zero: nobody watches.
    pub fn set_limit(&self, limit: Duration) {
        let micros = u64::try_from(limit.as_micros()).unwrap_or(u64::MAX);
        self.shared.limit.store(micros, Ordering::Relaxed);
        self.shared.wake.wake();
    }

    /// Something begins on the watched thread. False: nobody watches, and there is nothing to [`Watchdog::leave`].
    pub fn enter(&self, label: Arc<L>) -> bool {
        let shared = &self.shared;
        if shared.limit.load(Ordering::Relaxed) == 0 || shared.stopped.load(Ordering::Relaxed) {
            return false;
        }
        shared.running.lock().push(Running { label, since: Instant::now(), told: false });
        if shared.asleep.swap(false, Ordering::AcqRel) {
            shared.wake.wake();
        }
        true
    }

    /// What began last has ended.
    pub fn leave(&self) {
        self.shared.running.lock().pop();
    }

    /// Starts the thread, if it does not run. Fails when the process is out of threads.
    pub fn start(&self) -> io::Result<()> {
        let mut ended = self.ended.lock();
        if ended.is_none() {
            let (alive, disconnected) = channel();
            let shared = Arc::clone(&self.shared);
            platform::start_thread("auroraview-watchdog", move || shared.watch(&alive))?;
            *ended = Some(disconnected);
        }
        Ok(())
    }

    /// Ends the thread, and waits, at most `timeout`, until it and whoever it tells something have ended. False: they have
    /// not.
    pub fn stop(&self, timeout: Duration) -> bool {
        self.shared.stopped.store(true, Ordering::Release);
        self.shared.wake.wake();
        let Some(ended) = self.ended.lock().take() else { return true };
        !matches!(ended.recv_timeout(timeout), Err(RecvTimeoutError::Timeout))
    }
}

/// What the thread has to do.
enum Next<L> {
    Tell(Overdue<L>),
    SleepUntil(Instant),
    Sleep,
}

impl<L: Send + Sync + 'static, A: Alarm<L>> Shared<L, A> {
    fn watch(self: &Arc<Self>, alive: &Sender<()>) {
        while !self.stopped.load(Ordering::Acquire) {
            match self.next() {
                Next::Tell(overdue) => self.sound(overdue, alive),
                Next::SleepUntil(due) => self.sleep(Some(due)),
                Next::Sleep => {
                    // Whoever begins something notes it first and looks here then; we say that we sleep and look then.
                    self.asleep.store(true, Ordering::Release);
                    if let Next::Sleep = self.next() {
                        self.sleep(None);
                    }
                    self.asleep.store(false, Ordering::Release);
                }
            }
        }
    }

    fn sleep(&self, until: Option<Instant>) {
        // A wait that the system refuses must not become a loop: without one there is no watchdog.
        if platform::wait(&self.wake, &[], None, until, None).is_err() {
            self.stopped.store(true, Ordering::Release);
        }
        self.wake.clear();
    }

    fn next(&self) -> Next<L> {
        let limit = Duration::from_micros(self.limit.load(Ordering::Relaxed));
        let mut running = self.running.lock();
        let Some(oldest) = running.iter_mut().find(|each| !each.told) else { return Next::Sleep };
        let (due, now) = (oldest.since + limit, Instant::now());
        if limit.is_zero() {
            return Next::Sleep;
        }
        if now < due {
            return Next::SleepUntil(due);
        }
        oldest.told = true;
        Next::Tell(Overdue { label: Arc::clone(&oldest.label), since: oldest.since, noticed: now })
    }

    fn sound(self: &Arc<Self>, overdue: Overdue<L>, alive: &Sender<()>) {
        let (told, hears) = channel();
        let overdue = Arc::new(overdue);
        let (this, of, alive) = (Arc::clone(self), Arc::clone(&overdue), alive.clone());
        let started = platform::start_thread("auroraview-alarm", move || {
            let heard = || {
                let _ = told.send(()); // nobody waits for it any longer if it took long
            };
            this.alarm.tell(&of, &heard);
            drop(alive);
        });
        // Disconnected: there is nobody who could listen, nor wants to.
        if started.is_err() || hears.recv_timeout(GRACE) == Err(RecvTimeoutError::Timeout) {
            self.alarm.shout(&overdue);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::PATIENCE;
    use std::sync::Mutex;

    /// Notes what it hears; telling waits for `go_on`.
    struct Ear {
        told: Sender<&'static str>,
        shouted: Sender<&'static str>,
        go_on: Mutex<Option<Receiver<()>>>,
    }

    impl Alarm<&'static str> for Ear {
        fn tell(&self, overdue: &Overdue<&'static str>, heard: &dyn Fn()) {
            assert!(overdue.noticed - overdue.since >= LIMIT);
            if let Some(go_on) = self.go_on.lock().unwrap().take() {
                go_on.recv_timeout(PATIENCE).unwrap();
            }
            self.told.send(*overdue.label).unwrap(); // before the next thread may be made
            heard();
        }
        fn shout(&self, overdue: &Overdue<&'static str>) {
            self.shouted.send(*overdue.label).unwrap();
        }
    }

    const LIMIT: Duration = Duration::from_millis(20);

    type Dog = Watchdog<&'static str, Ear>;

    fn dog(go_on: Option<Receiver<()>>) -> (Dog, Receiver<&'static str>, Receiver<&'static str>) {
        let ((told, hears), (shouted, is_shouted_at)) = (channel(), channel());
        let dog = Watchdog::new(Ear { told, shouted, go_on: Mutex::new(go_on) }).unwrap();
        dog.set_limit(LIMIT);
        dog.start().unwrap();
        (dog, hears, is_shouted_at)
    }

    #[test]
    fn what_runs_for_too_long_is_told_once_and_the_oldest_first() {
        let (dog, told, _) = dog(None);
        for _ in 0..1000 {
            assert!(dog.enter(Arc::new("quick")));
            dog.leave();
        }
        dog.enter(Arc::new("outer"));
        dog.enter(Arc::new("inner"));
        assert_eq!(told.recv_timeout(PATIENCE), Ok("outer"));
        assert_eq!(told.recv_timeout(PATIENCE), Ok("inner"));
        dog.leave();
        dog.enter(Arc::new("another"));
        assert_eq!(told.recv_timeout(PATIENCE), Ok("another"));
        assert!(dog.stop(PATIENCE) && told.try_recv().is_err());
    }

    #[test]
    fn who_cannot_be_told_is_shouted_at() {
        let (go_on, waits) = channel();
        let (dog, told, shouted) = dog(Some(waits));
        dog.enter(Arc::new("stuck"));
        assert_eq!(shouted.recv_timeout(PATIENCE), Ok("stuck"));
        assert!(!dog.stop(Duration::ZERO), "somebody is told still");
        go_on.send(()).unwrap();
        assert_eq!(told.recv_timeout(PATIENCE), Ok("stuck"));
    }

    #[test]
    fn without_a_limit_nobody_watches() {
        let (dog, _told, _) = dog(None);
        dog.set_limit(Duration::ZERO);
        assert!(!dog.enter(Arc::new("anything")));
        assert!(dog.stop(PATIENCE));
        dog.set_limit(LIMIT);
        assert!(!dog.enter(Arc::new("after the end")));
    }

    #[test]
    fn while_nothing_runs_the_thread_sleeps_for_good() {
        let (dog, told, _) = dog(None);
        for _ in 0..3 {
            dog.enter(Arc::new("long"));
            assert_eq!(told.recv_timeout(PATIENCE), Ok("long"));
            dog.leave();
            let until = Instant::now() + PATIENCE;
            while !dog.shared.asleep.load(Ordering::Acquire) {
                assert!(Instant::now() < until, "it looks again and again");
                std::thread::yield_now();
            }
        }
    }
}
