//! The checker that this build is for, and a wake handle that it can see.

use auroraview_core::inbox::Wake;
use auroraview_core::sync::Mutex;

#[cfg(loom)]
pub use loom::{sync::Condvar, thread};
#[cfg(not(loom))]
pub use shuttle::{sync::Condvar, thread};

/// Runs `model` in every order of steps with up to three preemptions. A failed assertion, a deadlock or a panic in any of
/// them is a panic here.
#[cfg(loom)]
pub fn check(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}

/// Runs `model` in 20,000 random orders of steps, which `SHUTTLE_RANDOM_SEED` fixes. A failed assertion, a deadlock or a
/// panic in any of them is a panic here.
#[cfg(not(loom))]
pub fn check(model: impl Fn() + Send + Sync + 'static) {
    shuttle::check_pct(model, 20_000, 4);
}

/// Checks `model`, in which a bug is planted, and wants the checker to fail with `complaint`. In a process of its own, since
/// a checker that fails while locks are held may abort.
pub fn caught(complaint: &str, model: impl Fn() + Send + Sync + 'static) {
    const ALONE: &str = "AURORAVIEW_PLANTED_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return check(model);
    }
    let test = std::thread::current().name().unwrap_or_default().to_owned(); // the test runner names its threads so
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &test, "--nocapture"])
        .envs([(ALONE, "1"), ("RUST_BACKTRACE", "0")])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains(complaint), "{test} was not caught with {complaint:?}: {said}");
}

/// Stands in for the kernel's wake handle: a wake-up is remembered until it is cleared.
#[derive(Debug, Default)]
pub struct Bell {
    rung: Mutex<bool>,
    condvar: Condvar,
}

impl Bell {
    /// Waits for a wake-up and leaves it there, as `poll` does.
    pub fn wait(&self) {
        let mut rung = self.rung.lock();
        while !*rung {
            rung = self.condvar.wait(rung).unwrap();
        }
    }

    /// Waits until `done` as the link does: look, wait, clear, look again.
    pub fn wait_until(&self, done: impl Fn() -> bool) {
        while !done() {
            self.wait();
            self.clear();
        }
    }
}

impl Wake for Bell {
    fn wake(&self) {
        *self.rung.lock() = true;
        self.condvar.notify_one();
    }
    fn clear(&self) {
        *self.rung.lock() = false;
    }
}
